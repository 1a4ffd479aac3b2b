package dev.mooring.session;

import dev.mooring.model.EndCause;

/** Something that lives as long as its session: an open WebSocket. */
public interface Attachment {

    /**
     * The session has ended, on whatever node. Called at most once, on a thread of the server, for each attachment on
     * one of its own: it may block without holding up another.
     *
     * @param cause why the session ended
     */
    void sessionEnded(EndCause cause);

    /**
     * The user of the session has logged out, on whatever node, while the session goes on. Called on a thread of the
     * server, for each attachment on one of its own.
     */
    default void loggedOut() {}

    /**
     * Tells whether the attachment keeps the session alive by being there. Called on any thread; must not block.
     *
     * @return true to count as a use at the time of asking
     */
    default boolean keepsAlive() {
        return false;
    }
}
