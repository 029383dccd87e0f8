"""One file a platform: everything we know about Telegram, about WhatsApp over Twilio, and about the simulator."""
