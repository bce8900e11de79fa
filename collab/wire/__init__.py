"""Sans-IO protocols: frames in, messages out, and back. No Django, no asyncio."""
