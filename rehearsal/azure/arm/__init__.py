"""What all resource types share: the calls every one of them answers, and how."""
