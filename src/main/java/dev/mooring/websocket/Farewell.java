package dev.mooring.websocket;

import dev.mooring.model.EndCause;
import org.eclipse.jetty.websocket.core.CloseStatus;

/** Why this module closes a WebSocket, and the words that the client reads in its close frame. */
enum Farewell {
    /** Its session was invalidated. */
    INVALIDATED(CloseStatus.POLICY_VIOLATION, EndCause.INVALIDATED.reason()),
    /** Its session expired. */
    EXPIRED(CloseStatus.POLICY_VIOLATION, EndCause.EXPIRED.reason()),
    /** The user that it was opened by has logged out. */
    LOGGED_OUT(CloseStatus.POLICY_VIOLATION, "logged out"),
    /** Its node stops, and the session lives on elsewhere. */
    NODE_STOPS(CloseStatus.SHUTDOWN, "node stops"),
    /** Its web application stops, to be deployed anew or for good, and the session lives on elsewhere. */
    APPLICATION_STOPS(CloseStatus.SHUTDOWN, "application stops");

    private final int code;
    private final String reason;

    Farewell(int code, String reason) {
        this.code = code;
        this.reason = reason;
    }

    static Farewell of(EndCause cause) {
        return switch (cause) {
            case INVALIDATED -> INVALIDATED;
            case EXPIRED -> EXPIRED;
        };
    }

    String reason() {
        return reason;
    }

    CloseStatus status() {
        return new CloseStatus(code, reason);
    }
}
