"""The addresses that the service answers, one module for each kind; every module has a `router`."""
