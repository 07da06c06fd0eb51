"""What accounts are made of: addresses, passwords, nicknames, codes; pure. Its public names are in `accounts`."""
