"""Microsoft.DevTestLab: labs, their sources and artifacts, machines and custom images."""
