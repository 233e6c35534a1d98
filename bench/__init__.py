"""simlb measured beside nginx, HAProxy and a naive aiohttp proxy: `make bench`. Method and tables: RESULTS.md."""
