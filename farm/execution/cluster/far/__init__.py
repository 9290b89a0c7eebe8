"""Jobs on nodes that share no folder with the farm: everything travels through the remote store."""
