"""Each contact with the outside: one class per port."""
