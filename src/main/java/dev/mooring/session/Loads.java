package dev.mooring.session;

import dev.mooring.grid.DamagedRecordException;
import dev.mooring.grid.Patience;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the sessions of one web application by the ids that clients bring, and loads those that are not on this node;
 * threads that want the same one at the same time wait for one load. Thread-safe; blocks.
 */
final class Loads {

    private static final Logger LOG = LoggerFactory.getLogger(Loads.class);

    private final WebApplication application;
    private final LiveSessions sessions;
    private final Cluster cluster;
    private final Map<String, CompletableFuture<Optional<LiveSession>>> loading = new ConcurrentHashMap<>();

    Loads(WebApplication application) {
        this.application = application;
        this.sessions = application.sessions();
        this.cluster = application.cluster();
    }

    /**
     * Returns the session that an id opens, entered if asked; null if there is none, or it ends.
     *
     * @throws StoreUnavailableException if that cannot be known, or this node stops and has handed the session on
     */
    @Nullable
    LiveSession find(String id, boolean enter) {
        try (Patience ignored = RequestScope.patience()) {
            while (true) {
                LiveSession session = find(id);
                if (session == null) {
                    return null;
                }
                if (session.data().deadline() <= cluster.time()) {
                    session.ending().expireIfDue();
                }
                if (!enter || session.enter()) {
                    return session;
                }
                boolean here = session.isResident();
                if (!session.isAlive()) {
                    return null;
                }
                if (!here) {
                    throw new StoreUnavailableException(
                            "session " + session.key() + ": this node stops, and others carry it on", null);
                }
                // Evicted since it was found: the next look has it back.
            }
        }
    }

    private @Nullable LiveSession find(String id) {
        LiveSession session = sessions.get(id);
        if (session == null) {
            session = load(id);
        } else if (!session.becomeCurrent()) {
            return null;
        }
        return session == null || !session.data().getId().equals(id) ? null : session;
    }

    private @Nullable LiveSession load(String id) {
        CompletableFuture<Optional<LiveSession>> mine = new CompletableFuture<>();
        CompletableFuture<Optional<LiveSession>> others = loading.putIfAbsent(id, mine);
        if (others != null) {
            return Cluster.await(others).orElse(null);
        }
        try {
            SessionKey key = cluster.key(id);
            Optional<LiveSession> loaded =
                    load(key, id).or(() -> cluster.resolve(key).flatMap(target -> load(target, id)));
            mine.complete(loaded);
            return loaded.orElse(null);
        } catch (RuntimeException | Error e) {
            // Whatever it is: others may wait for this.
            mine.completeExceptionally(e);
            throw e;
        } finally {
            loading.remove(id, mine);
        }
    }

    private Optional<LiveSession> load(SessionKey key, String id) {
        Heard known = sessions.hear(key);
        try {
            LiveSession here = known.session();
            if (here == null) {
                return load(key, id, known);
            }
            // Known under an id that it has no longer, or has had before.
            return here.becomeCurrent() && here.data().getId().equals(id) ? Optional.of(here) : Optional.empty();
        } finally {
            sessions.hearNoMore(key, known);
        }
    }

    private Optional<LiveSession> load(SessionKey key, String id, Heard known) {
        known.beginLoad();
        try {
            long epoch = cluster.epoch();
            long load = cluster.nextLoad();
            Outcome outcome = cluster.apply(key, new Change.Join(cluster.node(), load, 0, id));
            return outcome.applied()
                    ? Optional.of(adopt(key, known, outcome.requireView(), load, epoch))
                    : Optional.empty();
        } catch (DamagedRecordException e) {
            if (!application.manager().getSessionCache().isRemoveUnloadableSessions() || !cluster.removeDamaged(key)) {
                throw e;
            }
            LOG.warn("Session {}: removed, since its record is damaged", key, e);
            return Optional.empty();
        } finally {
            known.endLoad();
        }
    }

    /** Brings a session to this node whose record was read in the given epoch, when this node entered its holders. */
    LiveSession adopt(SessionKey key, Heard known, SessionRecord record, long load, long epoch) {
        LiveSession session = restore(key, known, record, load, epoch);
        EndCause cause = known.end();
        if (cause != null) {
            // The notice came between the load and this line.
            session.ending().elsewhere(cause);
        } else {
            session.uses().armAlarm();
            session.residence().arrive();
            application.leftOvers().dropGone(session, record);
        }
        return session;
    }

    /** As {@link #adopt}, for a session whose end this node has claimed. Where that fails, the sweep may try again. */
    void end(SessionKey key, SessionRecord record, long load, long epoch, boolean knownElsewhere) {
        Heard known = sessions.hear(key);
        boolean ended = false;
        try {
            restore(key, known, record, load, epoch)
                    .ending()
                    .inherit(Objects.requireNonNull(record.cause()), knownElsewhere);
            ended = true;
        } finally {
            if (!ended) {
                sessions.ended(key);
            }
            sessions.hearNoMore(key, known);
        }
    }

    private LiveSession restore(SessionKey key, Heard known, SessionRecord record, long load, long epoch) {
        LiveData data = application.newData(key, known, record.times().created(), record.maxInactiveMs());
        data.setId(record.id());
        data.adopt(record, epoch);
        LiveSession loaded = new LiveSession(application, data, load);
        loaded.setResident(true);
        LiveSession session = sessions.loaded(loaded);
        if (session != loaded) {
            session.exchange().loadedAgain(load);
        }
        return session;
    }
}
