package dev.mooring.grid;

import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import java.util.Collection;
import java.util.Optional;

/**
 * The records of all sessions in the cluster, and the names under which renamed ones are found. Thread-safe. Every method
 * blocks for a round trip to the cluster and no longer than {@link Grid#CALL_TIMEOUT}.
 */
public interface SessionMap {

    /**
     * Applies a change to a session's record, atomically in the cluster and its backups.
     *
     * @param key the session
     * @param change what to do
     * @return what became of it
     * @throws StoreUnavailableException if the cluster did not confirm; the change may still be applied
     */
    Outcome apply(SessionKey key, Change change);

    /**
     * Follows a session id that a session took later in its life.
     *
     * @param id the id, as a key of its web application
     * @return the session's key, or nothing where the id was never taken by a change
     * @throws StoreUnavailableException if the cluster did not answer
     */
    Optional<SessionKey> resolve(SessionKey id);

    /**
     * Makes a session findable by a new id.
     *
     * @param id the new id, as a key of its web application
     * @param key the session
     * @param lifeMs for how long, in milliseconds; 0 for ever
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    void alias(SessionKey id, SessionKey key, long lifeMs);

    /**
     * Forgets an id that a session has no longer. Does nothing where there is none.
     *
     * @param id the former id, as a key of its web application
     * @throws StoreUnavailableException if the cluster did not confirm
     */
    void dropAlias(SessionKey id);

    /**
     * Looks for sessions of one web application that somebody should have ended: those that are due, and those whose end was
     * begun. Looks at every record, so it is for now and then.
     *
     * @param scope the scope of the session keys
     * @param dueBefore cluster time in milliseconds
     * @return their keys
     * @throws StoreUnavailableException if the cluster did not answer
     */
    Collection<SessionKey> leftOver(String scope, long dueBefore);
}
