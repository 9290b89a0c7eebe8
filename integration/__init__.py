"""How blocks become one kernel: stream graph, register map, kernel description, packaging."""
