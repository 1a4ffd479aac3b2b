package dev.mooring.model;

/** Why a session ended. The order is part of the record's format. */
public enum EndCause {
    /** {@code HttpSession.invalidate()} was called, or its node ended its sessions at shutdown. */
    INVALIDATED("session invalidated"),
    /** The session was not used for longer than its maximum inactive interval. */
    EXPIRED("session expired");

    private final String reason;

    EndCause(String reason) {
        this.reason = reason;
    }

    /**
     * Returns the words that a WebSocket client reads in its close frame.
     *
     * @return the reason in the close frame
     */
    public String reason() {
        return reason;
    }
}
