package dev.mooring.session;

import java.time.Duration;
import java.util.Optional;

/**
 * What the {@code jetty.session.*} properties say about sessions, frozen at the start. Immutable.
 *
 * @param evictionPolicy when an unused session leaves this node's memory: -1 never, 0 soon after its last request,
 *     otherwise after so many idle seconds
 * @param saveOnCreate whether a new session is stored before its first response is
 * @param saveOnInactiveEviction as in Jetty, for a cache in front of another store; ours has stored everything by then
 * @param removeUnloadableSessions whether a session's record is removed if it is damaged
 * @param invalidateOnShutdown whether a stop of this node ends its sessions, for the whole cluster
 * @param gracePeriod how long a session's record outlives its end if no node removes it, at least 15 minutes
 * @param attributeFilter JEP 290 pattern of the classes that attributes may be deserialised to; empty: the JVM's own
 * @param maxAttributes how many attributes one session may have
 * @param maxAttributeBytes how many bytes one attribute may take when serialised
 * @param maxSessionBytes how many bytes all attributes of one session may take together
 * @param nonSerializable what becomes of an attribute that cannot be serialised
 * @param onStoreFailure what becomes of a request whose session cannot be read
 */
public record SessionPolicy(
        int evictionPolicy,
        boolean saveOnCreate,
        boolean saveOnInactiveEviction,
        boolean removeUnloadableSessions,
        boolean invalidateOnShutdown,
        Duration gracePeriod,
        Optional<String> attributeFilter,
        int maxAttributes,
        int maxAttributeBytes,
        long maxSessionBytes,
        NonSerializable nonSerializable,
        OnStoreFailure onStoreFailure) {

    /** What becomes of an attribute that cannot be serialised. */
    public enum NonSerializable {
        /** {@code setAttribute} throws {@code IllegalArgumentException}. */
        REJECT,
        /** It stays on this node, with one warning per name and class. */
        LOCAL,
        /** {@link #REJECT} for web applications that say {@code <distributable/>}, otherwise {@link #LOCAL}. */
        SPEC
    }

    /** What becomes of a request or upgrade that brings a session id while the store cannot be reached. */
    public enum OnStoreFailure {
        /** It is answered with 503 and {@code Retry-After}. */
        REJECT,
        /** It goes on without a session. */
        ANONYMOUS
    }
}
