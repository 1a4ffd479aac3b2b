package dev.mooring.model;

/**
 * What one node tells another about a session. Every notice is answered.
 *
 * @param kind what happened
 * @param key the session
 * @param version the version of the record that the notice speaks of
 */
public record Notice(Kind kind, SessionKey key, long version) {

    /** What a notice says. The order is part of the format on the wire. */
    public enum Kind {
        /** The record has a new version; answered with 0. */
        CHANGED,
        /** As {@link #CHANGED}, and the session's maximum inactive interval is another; answered with 0. */
        LIMITED,
        /** The session was invalidated; answered with 0. */
        INVALIDATED,
        /** The session expired; answered with 0. */
        EXPIRED,
        /** Is the session due? Answered with the cluster time of its last use on the asked node. */
        DUE,
        /** The record has a new version, in which the user has logged out; answered with 0. */
        LOGGED_OUT;

        /**
         * Returns what to say of an end.
         *
         * @param cause why the session ends
         * @return the kind of notice
         */
        public static Kind of(EndCause cause) {
            return switch (cause) {
                case INVALIDATED -> INVALIDATED;
                case EXPIRED -> EXPIRED;
            };
        }
    }
}
