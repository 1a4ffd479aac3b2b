package dev.mooring.session;

import java.time.Duration;
import java.util.Optional;

/**
 * What the {@code jetty.session.*} properties say about sessions, frozen at the start. Immutable.
 *
 * @param evictionPolicy when an unused session leaves this node's memory, as in Jetty: -1 never, 0 with its last request,
 *     otherwise after so many idle seconds
 * @param saveOnCreate whether a new session is stored before its first response is
 * @param saveOnInactiveEviction whether a session is stored once more when it is evicted for being idle
 * @param removeUnloadableSessions whether a session that cannot be read is removed
 * @param flushOnResponseCommit whether changes are stored before the response; always done, whatever this says
 * @param invalidateOnShutdown whether a stop of this node ends its sessions, for the whole cluster
 * @param gracePeriod how long after its end a session is left to the node that used it last, before others clean it up
 * @param savePeriod Jetty's pause between writes of mere access times; without a meaning here
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
        boolean flushOnResponseCommit,
        boolean invalidateOnShutdown,
        Duration gracePeriod,
        Duration savePeriod,
        Optional<String> attributeFilter,
        int maxAttributes,
        int maxAttributeBytes,
        long maxSessionBytes,
        NonSerializable nonSerializable,
        OnStoreFailure onStoreFailure) {

    /**
     * The policy of a node that sets nothing: the defaults that the README lists.
     *
     * @return a new policy, equal to every other one
     */
    public static SessionPolicy defaults() {
        return new SessionPolicy(
                -1,
                false,
                false,
                false,
                true,
                false,
                Duration.ofHours(1),
                Duration.ZERO,
                Optional.empty(),
                10_000,
                8 << 20,
                64L << 20,
                NonSerializable.SPEC,
                OnStoreFailure.REJECT);
    }

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
