"""What puts a cluster right again: the runner at its end, its watchdog when it is killed, and `heal`."""
