"""MQTT: addresses, connections, sources and sinks."""
