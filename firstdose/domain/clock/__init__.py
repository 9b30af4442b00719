"""The payer's clocks and the rules behind them."""
