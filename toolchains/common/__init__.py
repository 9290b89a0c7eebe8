"""What all toolchains are made of: a build, a stage, and the pieces that most steps share."""
