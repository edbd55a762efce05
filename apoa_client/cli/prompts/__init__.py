"""Interactive questions: guest fields, passport lines, changes of a stay, set-up."""
