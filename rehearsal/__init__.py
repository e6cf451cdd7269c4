"""A local Azure to rehearse the image factory on: a server, a stand-in plugin, and their set-up."""
