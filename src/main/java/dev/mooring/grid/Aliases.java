package dev.mooring.grid;

import com.hazelcast.map.IMap;
import dev.mooring.model.SessionKey;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The ids that sessions took later in their lives, and whose they are: the key of a session's record never changes.
 * Thread-safe. Every method blocks for a round trip to the cluster and no longer than {@link Grid#CALL_TIMEOUT}.
 */
public final class Aliases {

    private final IMap<String, String> names;
    private final StoreCalls calls;

    Aliases(IMap<String, String> names, StoreCalls calls) {
        this.names = names;
        this.calls = calls;
    }

    /**
     * Follows a session id that a session took later in its life.
     *
     * @param id the id, as a key of its web application
     * @return the session's key, or nothing where the id was never taken by a change
     * @throws StoreUnavailableException if the cluster did not answer
     */
    public Optional<SessionKey> resolve(SessionKey id) {
        String name = calls.await("session " + id, () -> names.getAsync(id.path()));
        return Optional.ofNullable(name).map(id::named);
    }

    /**
     * Tells which of these ids sessions took later in their lives.
     *
     * @param ids ids, as keys of their web application
     * @return some of them
     * @throws StoreUnavailableException if the cluster did not answer
     */
    public Set<SessionKey> known(Collection<SessionKey> ids) {
        return calls.known(names, ids);
    }

    /**
     * Makes a session findable by a new id.
     *
     * @param id the new id, as a key of its web application
     * @param key the session
     * @param lifeMs for how long, in milliseconds; 0 for ever
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    public void put(SessionKey id, SessionKey key, long lifeMs) {
        calls.await("session " + key, () -> names.setAsync(id.path(), key.name(), lifeMs, TimeUnit.MILLISECONDS));
    }

    /**
     * Forgets an id that a session has no longer. Does nothing where there is none.
     *
     * @param id the former id, as a key of its web application
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    public void drop(SessionKey id) {
        calls.await("session " + id, () -> names.deleteAsync(id.path()));
    }
}
