package dev.mooring.grid;

import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The records of all sessions in the cluster, which a member and a client write each in its way. Thread-safe. Every
 * method blocks for a round trip to the cluster and no longer than {@link Grid#CALL_TIMEOUT}.
 */
public abstract class SessionMap {

    final IMap<String, SessionRecord> records;
    final StoreCalls calls;

    SessionMap(IMap<String, SessionRecord> records, StoreCalls calls) {
        this.records = records;
        this.calls = calls;
    }

    /**
     * Applies a change to a session's record, atomically in the cluster and its backups.
     *
     * @param key the session
     * @param change what to do
     * @return what became of it
     * @throws StoreUnavailableException if the cluster did not confirm; the change may still be applied
     */
    public abstract Outcome apply(SessionKey key, Change change);

    /**
     * Applies a change to each of many sessions, each atomically, in as few messages as there can be. One that fails
     * does not keep the others from being applied.
     *
     * @param changes what to do, by session
     * @param ahead what {@link #readAhead} has returned, of these sessions or others or none; it may be outdated
     * @return what became of each
     * @throws StoreUnavailableException if the cluster did not confirm all of them; any may still be applied
     */
    public abstract Map<SessionKey, Outcome> applyAll(
            Map<SessionKey, Change> changes, Map<SessionKey, SessionRecord> ahead);

    /**
     * Reads what {@link #applyAll} would have to read first, so that it takes less time when it is called: nothing,
     * where a change goes to the record by itself.
     *
     * @param keys the sessions
     * @return the records of some of them
     * @throws StoreUnavailableException if the cluster did not answer
     */
    public Map<SessionKey, SessionRecord> readAhead(Set<SessionKey> keys) {
        return Map.of();
    }

    /**
     * Tells which of these sessions have a record, whether they live or not.
     *
     * @param keys the sessions
     * @return some of them
     * @throws StoreUnavailableException if the cluster did not answer
     */
    public Set<SessionKey> known(Collection<SessionKey> keys) {
        return calls.known(records, keys);
    }

    /**
     * Removes what lies under a session's key if that is damaged, see {@link DamagedRecordException}.
     *
     * @param key the session
     * @return false if there is a record that can be read, or may be read by others, or nothing
     * @throws StoreUnavailableException if the cluster did not answer
     */
    public boolean removeDamaged(SessionKey key) {
        try {
            // The state is asked for since somebody else's entry shows only where it is used as a record.
            calls.await(
                    "session " + key,
                    () -> records.getAsync(key.path())
                            .thenApply(record -> Optional.ofNullable(record).map(SessionRecord::state)));
            return false;
        } catch (DamagedRecordException e) {
            calls.await("session " + key, () -> records.deleteAsync(key.path()));
            return true;
        }
    }

    /**
     * Looks for sessions of one web application that somebody should have ended: those that are due, and those whose
     * end was begun. Is for now and then.
     *
     * @param scope the scope of the session keys
     * @param dueBefore cluster time in milliseconds
     * @param every whether to look at every record, since a node is gone or more; else one that was looked at before,
     *     and was not due for long, may be passed over for some minutes
     * @return their keys
     * @throws StoreUnavailableException if the cluster did not answer
     */
    public abstract Collection<SessionKey> leftOver(String scope, long dueBefore, boolean every);
}
