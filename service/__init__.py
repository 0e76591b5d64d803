"""Nocturnal leg cramps: a CDS Hooks service that says what may lie behind them and which workup is due."""
