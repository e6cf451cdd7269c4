"""Microsoft.Storage: accounts and containers, as far as ARM knows them."""
