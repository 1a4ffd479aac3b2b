package dev.mooring.model;

/**
 * When a session was used. All values are cluster time in milliseconds since the epoch.
 *
 * @param created when it was created
 * @param accessed when its newest request began
 * @param lastAccessed when the request before that began; what {@code getLastAccessedTime()} returns
 * @param used when it was in use last: a request ended, or a WebSocket kept it alive; never before {@code accessed}
 * @param cookieSet when its cookie was sent last
 */
public record Times(long created, long accessed, long lastAccessed, long used, long cookieSet) {

    /** What a node says that knows nothing of the session's use: merged with anything it changes nothing. */
    public static final Times UNKNOWN =
            new Times(Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE);

    /**
     * Merges what two nodes know of one session. Commutative, associative and idempotent.
     *
     * @param other the other node's knowledge
     * @return the later of each value; the creation is the earlier one
     */
    public Times merge(Times other) {
        return new Times(
                Math.min(created, other.created),
                Math.max(accessed, other.accessed),
                Math.max(lastAccessed, other.lastAccessed),
                Math.max(used, other.used),
                Math.max(cookieSet, other.cookieSet));
    }
}
