package dev.mooring.session;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.mooring.model.SessionKey;
import java.lang.ref.ReferenceQueue;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The live sessions of one web application on this node, one object for each: found by key, with what this node has
 * heard of it, and by current id while it is in memory. Thread-safe, by atomic steps without a lock; nothing blocks.
 */
final class LiveSessions {

    private final Map<SessionKey, Heard> heard = new ConcurrentHashMap<>();
    private final Map<String, LiveSession> byId = new ConcurrentHashMap<>();

    /** The sessions of which this node claims the end, or has claimed it, until their tombstones are in place. */
    private final Set<SessionKey> ending = ConcurrentHashMap.newKeySet();

    /** The evicted sessions that no application has any more. */
    private final ReferenceQueue<LiveSession> collected = new ReferenceQueue<>();

    /** Returns how many sessions are in memory. */
    int size() {
        return byId.size();
    }

    /** Returns how many session objects applications may hold. */
    int handles() {
        return heard.size();
    }

    @Nullable
    LiveSession get(String id) {
        return byId.get(id);
    }

    /** Returns those in memory, as they come and go. */
    Collection<LiveSession> all() {
        return Collections.unmodifiableCollection(byId.values());
    }

    /** Returns a snapshot of what has been heard, also of sessions that are not in memory. */
    Map<SessionKey, Heard> known() {
        return Map.copyOf(heard);
    }

    /** Returns what has been heard of a session; null for one that nobody here has to do with. */
    @Nullable
    Heard known(SessionKey key) {
        return heard.get(key);
    }

    /** Begins to hear of a session, until {@link #hearNoMore}: nobody else has it forgotten meanwhile. */
    Heard hear(SessionKey key) {
        return heard.compute(key, (k, known) -> {
            Heard heard = known == null ? new Heard() : known;
            heard.beginFinding();
            return heard;
        });
    }

    /** Ends what {@link #hear} began. What was heard is forgotten if that was all for which it was heard. */
    void hearNoMore(SessionKey key, Heard known) {
        known.endFinding();
        forgetUnlessKept(key, known);
    }

    /** Forgets what was heard of a session if that was all for which it was heard. */
    void forgetUnlessKept(SessionKey key, Heard known) {
        heard.computeIfPresent(key, (k, now) -> now == known && now.isForgotten() ? null : now);
    }

    /** Forgets the evicted sessions that no application has any more. */
    void forgetCollected() {
        for (Object gone = collected.poll(); gone != null; gone = collected.poll()) {
            heard.computeIfPresent(((Heard.Evicted) gone).key(), (key, known) -> known.isForgotten() ? null : known);
        }
    }

    /** Keeps a session by its id; returns the one that has it already, or null. */
    @Nullable
    LiveSession putIfAbsent(String id, LiveSession session) {
        return byId.putIfAbsent(id, session);
    }

    @Nullable
    LiveSession remove(String id) {
        return byId.remove(id);
    }

    /** Begins to hear of a session that was made here. */
    void created(LiveSession session) {
        heard.put(session.key(), session.data().heard());
        session.data().heard().hold(session);
    }

    /** Keeps a session that was loaded; returns the one that is kept already instead if another thread was faster. */
    LiveSession loaded(LiveSession loaded) {
        LiveSession session = loaded.data().heard().hold(loaded);
        if (session == loaded) {
            byId.put(loaded.data().getId(), loaded);
        }
        return session;
    }

    /** The session has another id. */
    void renamed(LiveSession session, String oldId) {
        byId.put(session.data().getId(), session);
        byId.remove(oldId, session);
    }

    /** Called in the session's turn, under its lock. */
    void evicted(LiveSession session) {
        byId.remove(session.data().getId(), session);
        session.data().heard().evict(new Heard.Evicted(session, collected));
    }

    /** Called in the session's turn. */
    void holdAgain(LiveSession session) {
        heard.compute(session.key(), (key, known) -> {
            session.data().heard().holdAgain(session);
            return session.data().heard();
        });
        byId.put(session.data().getId(), session);
    }

    /** Sets what looks after a session that this node has left, unless it is back already or forgotten. */
    void watch(SessionKey key, Supplier<Future<?>> watch) {
        heard.computeIfPresent(key, (k, known) -> {
            if (!known.isHeld()) {
                known.watch(watch.get());
            }
            return known;
        });
    }

    /** The session has ended, or this node has handed it on. */
    void forget(LiveSession session) {
        byId.remove(session.data().getId(), session);
        heard.computeIfPresent(session.key(), (key, known) -> {
            if (known.session() != session) {
                return known;
            }
            known.watch(null);
            return null;
        });
    }

    /** Forgets an evicted session. */
    void forget(SessionKey key, Heard known) {
        known.watch(null);
        heard.remove(key, known);
    }

    /**
     * This node claims the end of a session, or has claimed it. False if another thread has said so, and is to end it.
     */
    @CanIgnoreReturnValue
    boolean ending(SessionKey key) {
        return ending.add(key);
    }

    /** The end of a session is complete, or was not to be claimed. */
    void ended(SessionKey key) {
        ending.remove(key);
    }
}
