"""Every SQL statement of the product, as named functions of an open connection; one module per group of tables."""
