package dev.mooring.session;

import dev.mooring.grid.Inbox;
import dev.mooring.grid.Lanes;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of one web application that may be due on this node. Those that are due together end together: each step
 * of their ends, from the claim to the tombstone, is one for all that wait for it, so that thousands are done within a
 * second.
 *
 * <p>Thread-safe. Nothing blocks but what runs on the server's threads.
 */
final class Expiries {

    private static final Logger LOG = LoggerFactory.getLogger(Expiries.class);

    private static final int AT_A_TIME = 1000;

    /** How many batches are on their way: one waits for the cluster while another is made. */
    private static final int BATCHES = 4;

    /** About how many records are read ahead and kept until their sessions are due; others are read then. */
    private static final int AHEAD_AT_MOST = 5000;

    /** How long they are kept where nobody asks for them. */
    private static final long KEPT_MS = 5000;

    private final WebApplication application;
    private final Cluster cluster;
    private final Deadlines deadlines;
    private final Lanes lanes;
    private final Queue<LiveSession> due = new ConcurrentLinkedQueue<>();

    /** Sessions that were evicted, which only this node looks after, and of which there is no object any more. */
    private final Queue<SessionKey> evicted = new ConcurrentLinkedQueue<>();

    /** Sessions that will soon be due. */
    private final Queue<LiveSession> soon = new ConcurrentLinkedQueue<>();

    /** The records of some of them, which may be outdated. */
    private final Map<SessionKey, SessionRecord> ahead = new ConcurrentHashMap<>();

    /** The listeners of the ends that this node has claimed. */
    private final Queue<Runnable> claimed = new ConcurrentLinkedQueue<>();

    /** Those whose listeners have run, and which are still to leave their tombstones. */
    private final Queue<LiveSession> over = new ConcurrentLinkedQueue<>();

    /** How many batches are just being claimed, and sessions wait for their listeners to run. */
    private final AtomicInteger ending = new AtomicInteger();

    Expiries(WebApplication application) {
        this.application = application;
        this.cluster = application.cluster();
        this.deadlines = application.deadlines();
        this.lanes = deadlines.lanes(BATCHES);
    }

    /** Ends the session soon, if it is due by then. Does not block. */
    void add(LiveSession session) {
        due.add(session);
        workSoon();
    }

    /** Does for a session that will soon be due what can be done before. Does not block. */
    void prepare(LiveSession session) {
        if (cluster.readsAhead()) {
            soon.add(session);
            workSoon();
        }
    }

    /** Ends an evicted session soon, if it is due by then. Does not block. */
    void add(SessionKey session) {
        LiveSession kept = sessionOf(session);
        if (kept == null) {
            evicted.add(session);
            workSoon();
        } else {
            // Somebody has it still, or the garbage collector has not come by.
            add(kept);
        }
    }

    /** Leaves the session's tombstone soon. Does not block. */
    void bury(LiveSession session) {
        over.add(session);
        workSoon();
    }

    /** Runs the listeners that still wait for a thread, and leaves the tombstones that are still to be left. Blocks. */
    void stop() {
        while (!claimed.isEmpty()) {
            Lanes.runSafely(this::runNext);
        }
        while (!over.isEmpty()) {
            bury(some(over));
        }
    }

    /** Tombstones have time: what is due comes first, and its listeners. */
    private boolean isBusy() {
        return !due.isEmpty() || !evicted.isEmpty() || !soon.isEmpty() || ending.get() == 0 && !over.isEmpty();
    }

    private void workSoon() {
        if (isBusy()) {
            lanes.execute(this::work);
        }
    }

    private void work() {
        while (isBusy()) {
            Lanes.runSafely(this::workOn);
        }
    }

    private void workOn() {
        if (due.isEmpty() && evicted.isEmpty()) {
            if (soon.isEmpty()) {
                bury(some(over));
            } else {
                readAhead(some(soon));
            }
            return;
        }
        ending.incrementAndGet();
        try {
            end(some(due));
            endEvicted(some(evicted));
        } finally {
            ending.decrementAndGet();
        }
    }

    private void runLater(Runnable listeners) {
        ending.incrementAndGet();
        claimed.add(listeners);
        deadlines.queue(this::runNext);
    }

    private void runNext() {
        Runnable listeners = claimed.poll();
        if (listeners != null) {
            ending.decrementAndGet();
            try {
                listeners.run();
            } finally {
                workSoon();
            }
        }
    }

    private static <T> List<T> some(Queue<T> sessions) {
        List<T> some = new ArrayList<>();
        while (some.size() < AT_A_TIME) {
            T next = sessions.poll();
            if (next == null) {
                break;
            }
            some.add(next);
        }
        return some;
    }

    private void readAhead(List<LiveSession> sessions) {
        if (ahead.size() >= AHEAD_AT_MOST) {
            return;
        }
        try {
            Map<SessionKey, SessionRecord> records = new HashMap<>(
                    cluster.readAhead(sessions.stream().map(LiveSession::key).collect(Collectors.toSet())));
            for (LiveSession session : sessions) {
                SessionRecord record = records.get(session.key());
                if (record != null) {
                    session.data().usedAt(record.times().used());
                    session.data().sharedBy(record.holders().keySet());
                    if (EndClaim.isLeftToAnother(session, cluster)) {
                        // Which reads it ahead by itself, and has ended it when this node looks.
                        records.remove(session.key());
                        session.uses().lookAfterDeadline(Ending.TRUST_MS);
                    }
                }
            }
            if (!records.isEmpty()) {
                ahead.putAll(records);
                deadlines.in(KEPT_MS, () -> records.keySet().forEach(ahead::remove));
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("{}: {} sessions are read when they are due", application, sessions.size(), e);
        }
    }

    private void end(List<LiveSession> sessions) {
        long now = cluster.time();
        List<EndClaim> claims = new ArrayList<>();
        try {
            for (LiveSession session : sessions) {
                EndClaim claim = session.ending().claimIfDue(now);
                if (claim != null) {
                    claims.add(claim);
                }
            }
            for (List<EndClaim> open = claims; !open.isEmpty(); open = stillOpen(open)) {
                ask(open);
                claim(stillOpen(open));
            }
        } finally {
            claims.forEach(EndClaim::close);
        }
        goOn(claims);
    }

    private static List<EndClaim> stillOpen(List<EndClaim> claims) {
        return claims.stream().filter(claim -> !claim.isOver()).toList();
    }

    private void claim(List<EndClaim> claims) {
        Map<SessionKey, EndClaim> bySession = new HashMap<>();
        Map<SessionKey, Change> changes = new HashMap<>();
        for (EndClaim claim : claims) {
            SessionKey key = claim.session().key();
            bySession.put(key, claim);
            changes.put(key, claim.change());
        }
        cluster.applyAll(changes, ahead, (key, change, outcome) -> {
            EndClaim claim = Objects.requireNonNull(bySession.get(key));
            if (outcome == null) {
                claim.unanswered();
            } else {
                claim.answered(outcome);
            }
        });
        changes.keySet().forEach(ahead::remove);
    }

    /** Asks the other holders when they used the sessions last: one message for each of them. */
    private void ask(List<EndClaim> claims) {
        List<EndClaim> asking =
                claims.stream().filter(claim -> !claim.toAsk().isEmpty()).toList();
        if (asking.isEmpty()) {
            return;
        }
        try {
            long[] uses = cluster.tellAll(
                    Notice.Kind.DUE,
                    asking.stream()
                            .map(claim -> new Inbox.News(claim.session().key(), 0, claim.toAsk()))
                            .toList());
            for (int i = 0; i < uses.length; i++) {
                asking.get(i).heard(uses[i]);
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("{}: {} sessions cannot be asked about and are looked at again", application, asking.size(), e);
            asking.forEach(EndClaim::unanswered);
        }
    }

    private void goOn(List<EndClaim> claims) {
        List<EndClaim> won = new ArrayList<>();
        List<Inbox.News> news = new ArrayList<>();
        for (EndClaim claim : claims) {
            Outcome outcome = claim.outcome();
            if (outcome != null && outcome.applied()) {
                won.add(claim);
                news.add(new Inbox.News(claim.session().key(), outcome.version(), outcome.holders()));
            } else {
                claim.session().ending().notExpired(claim);
            }
        }
        if (won.isEmpty()) {
            return;
        }
        try {
            cluster.tellAll(Notice.Kind.EXPIRED, news);
        } catch (StoreUnavailableException e) {
            LOG.warn(
                    "{}: {} sessions have ended, but not every node could be told at once",
                    application,
                    news.size(),
                    e);
            won.forEach(claim -> claim.tellOfEndLater());
        }
        won.forEach(claim -> claim.session().attachments().tellEnd(EndCause.EXPIRED));
        Set<String> elsewhere =
                application.knownElsewhere(won.stream().map(EndClaim::id).toList());
        for (EndClaim claim : won) {
            boolean known = elsewhere.contains(claim.id());
            runLater(() -> claim.session().ending().runListeners(EndCause.EXPIRED, claim.id(), known));
        }
    }

    /** The claim brings the attributes along, for the listeners; what is not that simple is looked at one by one. */
    private void endEvicted(List<SessionKey> keys) {
        long now = cluster.time();
        Map<SessionKey, Change> claims = new HashMap<>();
        for (SessionKey key : keys) {
            if (sessionOf(key) != null) {
                deadlines.queue(() -> application.leftOvers().look(key));
            } else if (application.sessions().ending(key)) {
                // Before the claim: whoever meets that leaves the session to this thread.
                claims.put(
                        key,
                        new Change.Claim(
                                cluster.node(), EndCause.EXPIRED, now, Set.of(cluster.node()), Times.UNKNOWN, 0));
            }
        }
        Map<SessionKey, SessionRecord> won = new HashMap<>();
        cluster.applyAll(claims, (key, claim, outcome) -> {
            if (outcome != null && outcome.applied()) {
                won.put(key, outcome.requireView());
            } else {
                application.sessions().ended(key);
                deadlines.queue(() -> application.leftOvers().look(key));
            }
        });
        if (won.isEmpty()) {
            return;
        }
        Set<String> elsewhere = application.knownElsewhere(
                won.values().stream().map(SessionRecord::id).toList());
        won.forEach((key, record) -> runLater(() -> goOn(key, record, elsewhere.contains(record.id()))));
    }

    private @Nullable LiveSession sessionOf(SessionKey key) {
        Heard known = application.sessions().known(key);
        return known == null ? null : known.session();
    }

    private void goOn(SessionKey key, SessionRecord claimed, boolean knownElsewhere) {
        application.loads().end(key, claimed, cluster.nextLoad(), cluster.epoch(), knownElsewhere);
    }

    private void bury(List<LiveSession> some) {
        Map<SessionKey, LiveSession> sessions = new HashMap<>();
        Map<SessionKey, Change> ends = new HashMap<>();
        for (LiveSession session : some) {
            sessions.put(session.key(), session);
            ends.put(session.key(), new Change.End(cluster.node()));
        }
        Set<LiveSession> left = new HashSet<>(sessions.values());
        cluster.applyAll(ends, (key, end, outcome) -> {
            LiveSession session = Objects.requireNonNull(sessions.get(key));
            if (outcome != null) {
                session.ending().buried();
                left.remove(session);
            }
        });
        retry(left);
    }

    private void retry(Collection<LiveSession> left) {
        if (!left.isEmpty()) {
            deadlines.again(() -> left.forEach(this::bury));
        }
    }
}
