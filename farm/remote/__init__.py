"""The store of a team on another machine: results that others have made, and those that this farm gives to them."""
