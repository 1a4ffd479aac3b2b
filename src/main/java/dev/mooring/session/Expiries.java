package dev.mooring.session;

import dev.mooring.grid.Inbox;
import dev.mooring.grid.StoreUnavailableException;
import dev.mooring.model.Change;
import dev.mooring.model.EndCause;
import dev.mooring.model.Notice;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of one web application that may be due on this node. Those that are due together end together: each step of
 * their ends, from the claim to the tombstone, is one for all that wait for it, so that thousands are done within a second.
 *
 * <p>Thread-safe. Nothing blocks but what runs on the server's threads.
 */
final class Expiries {

    private static final Logger LOG = LoggerFactory.getLogger(Expiries.class);

    private static final int AT_A_TIME = 500;
    private static final long RETRY_MS = 1000;

    private final WebApplication application;
    private final Cluster cluster;
    private final Deadlines deadlines;
    private final Queue<LiveSession> due = new ConcurrentLinkedQueue<>();

    /** Those whose listeners have run, and which are still to leave their tombstones. */
    private final Queue<LiveSession> over = new ConcurrentLinkedQueue<>();

    Expiries(WebApplication application) {
        this.application = application;
        this.cluster = application.cluster();
        this.deadlines = application.deadlines();
    }

    /** Ends the session soon, if it is due by then. Does not block. */
    void add(LiveSession session) {
        due.add(session);
        deadlines.queue(this::endSome);
    }

    /** Leaves the session's tombstone soon. Does not block. */
    void bury(LiveSession session) {
        over.add(session);
        deadlines.queue(this::burySome);
    }

    /** Leaves the tombstones that are still to be left. Blocks. */
    void stop() {
        while (!over.isEmpty()) {
            burySome();
        }
    }

    private static List<LiveSession> some(Queue<LiveSession> sessions) {
        List<LiveSession> some = new ArrayList<>();
        while (some.size() < AT_A_TIME) {
            LiveSession next = sessions.poll();
            if (next == null) {
                break;
            }
            some.add(next);
        }
        return some;
    }

    private void endSome() {
        long now = cluster.time();
        List<Exchange.Claim> claims = new ArrayList<>();
        try {
            for (LiveSession session : some(due)) {
                Exchange.Claim claim = session.ending().claimIfDue(now);
                if (claim != null) {
                    claims.add(claim);
                }
            }
            claim(claims);
        } finally {
            claims.forEach(Exchange.Claim::close);
        }
        end(claims);
    }

    private void claim(List<Exchange.Claim> claims) {
        List<Exchange.Claim> open = List.copyOf(claims);
        while (!open.isEmpty()) {
            Map<SessionKey, Exchange.Claim> bySession = new HashMap<>();
            Map<SessionKey, Change> changes = new HashMap<>();
            for (Exchange.Claim claim : open) {
                bySession.put(claim.session().key(), claim);
                changes.put(claim.session().key(), claim.change());
            }
            cluster.applyAll(changes, (key, change, outcome) -> {
                Exchange.Claim claim = Objects.requireNonNull(bySession.get(key));
                if (outcome == null) {
                    claim.unanswered();
                } else {
                    claim.answered(outcome);
                }
            });
            ask(open);
            open = open.stream().filter(claim -> !claim.isOver()).toList();
        }
    }

    private void ask(List<Exchange.Claim> claims) {
        List<Exchange.Claim> asking = new ArrayList<>();
        List<Inbox.News> questions = new ArrayList<>();
        for (Exchange.Claim claim : claims) {
            Outcome question = claim.question();
            if (question != null) {
                asking.add(claim);
                questions.add(new Inbox.News(claim.session().key(), question.version(), question.holders()));
            }
        }
        if (asking.isEmpty()) {
            return;
        }
        try {
            long[] uses = cluster.tellAll(Notice.Kind.DUE, questions);
            for (int i = 0; i < uses.length; i++) {
                asking.get(i).heard(uses[i]);
            }
        } catch (StoreUnavailableException e) {
            LOG.debug("{}: {} sessions cannot be asked about and are looked at again", application, asking.size(), e);
            asking.forEach(Exchange.Claim::unanswered);
        }
    }

    private void end(List<Exchange.Claim> claims) {
        List<Exchange.Claim> won = new ArrayList<>();
        List<Inbox.News> news = new ArrayList<>();
        for (Exchange.Claim claim : claims) {
            Outcome outcome = claim.outcome();
            if (outcome != null && outcome.applied()) {
                won.add(claim);
                news.add(new Inbox.News(claim.session().key(), outcome.version(), outcome.holders()));
            } else {
                claim.session().ending().notExpired(outcome);
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
                application.knownElsewhere(won.stream().map(Exchange.Claim::id).toList());
        for (Exchange.Claim claim : won) {
            boolean known = elsewhere.contains(claim.id());
            deadlines.queue(() -> claim.session().ending().runListeners(EndCause.EXPIRED, claim.id(), known));
        }
    }

    private void burySome() {
        Map<SessionKey, LiveSession> sessions = new HashMap<>();
        Map<SessionKey, Change> ends = new HashMap<>();
        for (LiveSession session : some(over)) {
            sessions.put(session.key(), session);
            ends.put(session.key(), new Change.End(cluster.node()));
        }
        Set<LiveSession> left = new HashSet<>(sessions.values());
        cluster.applyAll(ends, (key, end, outcome) -> {
            LiveSession session = Objects.requireNonNull(sessions.get(key));
            if (outcome != null) {
                session.exchange().buried();
                left.remove(session);
            }
        });
        retry(left);
    }

    private void retry(Collection<LiveSession> left) {
        if (!left.isEmpty()) {
            deadlines.in(RETRY_MS, () -> left.forEach(this::bury));
        }
    }
}
