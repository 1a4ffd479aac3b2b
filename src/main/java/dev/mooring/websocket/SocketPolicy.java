package dev.mooring.websocket;

/**
 * What the {@code jetty.session.websocket.*} properties say about WebSockets and their sessions, frozen at the start.
 * Immutable.
 *
 * @param keepAlive what keeps the session of an open WebSocket alive
 * @param closeOnSessionEnd which WebSockets of an ended session are closed
 * @param createSession whether an upgrade that brings no session creates one
 * @param sameOrigin whether an upgrade with a session cookie is refused (403) when its {@code Origin} is another host
 */
public record SocketPolicy(
        KeepAlive keepAlive, CloseOnSessionEnd closeOnSessionEnd, boolean createSession, boolean sameOrigin) {

    /** What keeps the session of an open WebSocket alive. */
    public enum KeepAlive {
        /** Each data frame from the client, like a request. */
        MESSAGES,
        /** The open connection. */
        OPEN,
        /** Nothing: only requests do. */
        NONE
    }

    /** Which WebSockets of an ended session are closed. */
    public enum CloseOnSessionEnd {
        /** All of them. */
        ALL,
        /** Those that were opened with a principal: the letter of Jakarta WebSocket 7.2. */
        AUTHENTICATED,
        /** None. */
        NONE
    }
}
