package dev.mooring.grid;

import com.hazelcast.map.IMap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The other nodes, as this one sees them by their rows: who is there, who has been given up, and who is dead.
 *
 * <p>A writer that gets no answer from a node marks that node's row as fenced, once for the node and not for each
 * session, and waits for one {@link NodeLease#TERM} from the confirmed mark: a renewal that had succeeded was sent
 * before it, so the node's lease has run out by then. After that nobody waits for the fenced node. It meets the mark at
 * its next renewal.
 *
 * <p>A row that does not change for {@link #DEATH} by an observer's own clock is that of a dead node, and is removed;
 * one of the observers cleans up after the node. It may have written without telling anybody. And a node that has taken
 * a new epoch may have been with the other half of a split cluster, and both have records that the other half did not
 * know. In each case no copy of this node counts as current any more.
 *
 * <p>Thread-safe; what blocks says so.
 */
public final class Peers {

    /** How long a row may stay unrenewed. */
    static final Duration DEATH = Duration.ofSeconds(10);

    /** Longer than it takes to give nodes up: two looks, the mark and the wait. */
    private static final Duration FENCING = Duration.ofSeconds(20);

    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);

    /** What a writer may expect of a node. */
    enum Standing {
        /** It answers notices. */
        ALIVE,
        /** It has been given up, and asks the cluster before it reads. */
        FENCED,
        /** It is no more. */
        GONE
    }

    private final String node;
    private final IMap<String, NodeRow> rows;
    private final StoreCalls calls;

    /** Nodes that this one has seen a row of, itself among them. */
    private final Set<String> known = ConcurrentHashMap.newKeySet();

    /** Nodes that this one has given up, and the epoch of their row: their lease of that epoch has run out. */
    private final Map<String, Long> fenced = new ConcurrentHashMap<>();

    /** Who is being given up just now: one writer marks and waits, those who find the same node silent wait for it. */
    private final Map<String, CompletableFuture<@Nullable Void>> fencing = new ConcurrentHashMap<>();

    /** Only the observing thread uses it. */
    private final Sightings sightings = new Sightings();

    /** Nodes that are gone and not cleaned up after yet; only the observing thread uses it. */
    private final Set<String> left = new HashSet<>();

    private volatile Runnable onDoubt = () -> {};
    private volatile Consumer<String> onJoined = joined -> {};
    private volatile Consumer<String> onGone = gone -> {};

    Peers(String node, IMap<String, NodeRow> rows, StoreCalls calls) {
        this.node = node;
        this.rows = rows;
        this.calls = calls;
        known.add(node);
    }

    /** Begins to observe the rows, by one thread at a time. */
    void start(ScheduledExecutorService scheduler) {
        NodeLease.every(Duration.ZERO, NodeLease.TERM, scheduler, this::observe);
    }

    /** Returns the id of this node itself. */
    String node() {
        return node;
    }

    /**
     * Returns how many nodes there are, this one included.
     *
     * @return the number of rows seen last
     */
    public int nodes() {
        return known.size();
    }

    /**
     * Tells whether this node is the one that does what one node of the cluster has to do.
     *
     * @return true on the node whose id comes first; on two nodes for a moment when one has just joined
     */
    public boolean isFirst() {
        return known.stream().allMatch(other -> node.compareTo(other) <= 0);
    }

    /**
     * Tells whether a node was there when this one last looked at the rows, or the node itself. Does not block.
     *
     * @param other its node id
     * @return false where {@link #isGone} must look
     */
    public boolean isKnown(String other) {
        return known.contains(other);
    }

    /**
     * Tells whether a node is no more. Blocks for a look at its row if it is not known.
     *
     * @param other its node id
     * @return true if it has left, or has been taken for dead
     * @throws StoreUnavailableException if the cluster does not answer
     */
    public boolean isGone(String other) {
        return !other.equals(node) && standing(other) == Standing.GONE;
    }

    /** Sets who is told that no copy counts as current any more; called on a grid thread, must not block. */
    void onDoubt(Runnable listener) {
        onDoubt = listener;
    }

    /** Sets who is told of a node that has joined; called on a grid thread, may block for a short while. */
    void onJoined(Consumer<String> listener) {
        onJoined = listener;
    }

    /** Sets who cleans up after a node that is gone; called on a grid thread, may block for a short while. */
    void onGone(Consumer<String> listener) {
        onGone = listener;
    }

    /**
     * Tells what to expect of another node. Blocks for a look at its row if the node is new or was fenced.
     *
     * @throws StoreUnavailableException if the cluster does not answer
     */
    Standing standing(String other) {
        if (known.contains(other) && !fenced.containsKey(other)) {
            return Standing.ALIVE;
        }
        NodeRow found = rowOf(other);
        if (found == null) {
            forget(other);
            return Standing.GONE;
        }
        known.add(other);
        Long epoch = fenced.get(other);
        if (epoch != null && found.fenced() && epoch == found.epoch()) {
            return Standing.FENCED;
        }
        // Fenced by somebody else, it may be within its lease for a while yet: tell it, and wait like the first one.
        fenced.remove(other);
        return Standing.ALIVE;
    }

    private void forget(String other) {
        known.remove(other);
        fenced.remove(other);
    }

    /**
     * Gives nodes up that have not answered: afterwards they read nothing from their copies before they have taken a
     * new epoch. Blocks for one {@link NodeLease#TERM}, however many they are, and for all who find the same node silent
     * together.
     *
     * @throws StoreUnavailableException if the cluster does not answer
     */
    void fence(Collection<String> silent) {
        CompletableFuture<@Nullable Void> mine = new CompletableFuture<>();
        List<String> toFence = new ArrayList<>();
        List<CompletableFuture<@Nullable Void>> others = new ArrayList<>();
        for (String node : silent) {
            CompletableFuture<@Nullable Void> other = fencing.putIfAbsent(node, mine);
            if (other == null) {
                toFence.add(node);
            } else {
                others.add(other);
            }
        }
        if (!toFence.isEmpty()) {
            // Whoever waits for it may have less patience than it takes, and the next one is glad that it was done.
            Thread thread = new Thread(() -> fence(toFence, mine), "mooring-fence");
            thread.setDaemon(true);
            thread.start();
            others.add(mine);
        }
        try {
            // The marks of others are younger than the notices that
            // were not answered here, or they would be done by now.
            CompletableFuture.allOf(others.toArray(CompletableFuture[]::new))
                    .orTimeout(Patience.end(FENCING) - System.nanoTime(), TimeUnit.NANOSECONDS)
                    .join();
        } catch (CompletionException e) {
            throw new StoreUnavailableException("nodes " + silent + " could not be given up", e.getCause());
        }
    }

    private void fence(List<String> silent, CompletableFuture<@Nullable Void> done) {
        try {
            markAndWait(silent);
            done.complete(null);
        } catch (RuntimeException | Error e) {
            // The boundary of a thread of ours: those who wait for it throw it.
            done.completeExceptionally(e);
        } finally {
            silent.forEach(node -> fencing.remove(node, done));
        }
    }

    private void markAndWait(List<String> silent) {
        Map<String, Long> marked = new HashMap<>();
        for (String node : silent) {
            NodeRow found = rowOf(node);
            if (found != null && found.fenced() && Objects.equals(fenced.get(node), found.epoch())) {
                continue;
            }
            while (found != null && !found.fenced()) {
                // False also where an earlier run of the same call has set the mark: the next look sees it.
                mark(node, found);
                found = rowOf(node);
            }
            if (found == null) {
                // Perhaps never observed: then nobody else forgets it.
                known.remove(node);
                continue;
            }
            LOG.warn(
                    "Node {} did not answer for {} ms and is fenced until it comes back",
                    node,
                    NodeLease.TERM.toMillis());
            marked.put(node, found.epoch());
        }
        if (!marked.isEmpty()) {
            // Whoever has set the marks, they stand from here on: the leases have run out one term later.
            pause(NodeLease.TERM);
            fenced.putAll(marked);
        }
    }

    private @Nullable NodeRow rowOf(String other) {
        return calls.await("node " + other, () -> rows.getAsync(other).thenApply(Optional::ofNullable))
                .orElse(null);
    }

    private void mark(String silent, NodeRow found) {
        calls.get("node " + silent, () -> rows.replace(silent, found, found.fence()));
    }

    private static void pause(Duration duration) {
        long end = System.nanoTime() + duration.toNanos();
        boolean interrupted = false;
        for (long left = duration.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
            // An interrupt must not cut the wait short: a stale read somewhere would be the price.
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void observe() {
        try {
            long now = System.nanoTime();
            calls.check();
            Map<String, NodeRow> seen = new HashMap<>();
            rows.entrySet().forEach(entry -> seen.put(entry.getKey(), entry.getValue()));
            calls.check();
            Sightings.Look look = sightings.look(seen, now);
            known.addAll(seen.keySet());
            List<String> joined =
                    look.joined().stream().filter(other -> !other.equals(node)).toList();
            joined.forEach(other -> LOG.info("Node {} has joined node {}", other, node));
            look.left().stream().filter(other -> !other.equals(node)).forEach(this::lost);
            if (look.returned().stream().anyMatch(other -> !other.equals(node))) {
                // It was away, perhaps with one half of a split cluster, and its records have been merged with ours.
                onDoubt.run();
            }
            look.dead().forEach((other, found) -> {
                if (!other.equals(node) && rows.remove(other, found)) {
                    LOG.warn("Node {} did not renew its row for {} s and is taken for dead", other, DEATH.toSeconds());
                }
            });
            for (String gone : Set.copyOf(left)) {
                cleanUpAfter(gone);
            }
            joined.forEach(onJoined);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            // The boundary of a grid thread: one that throws is never run again. What is left is done the next time.
            LOG.debug("Node {}: rows not observed", node, e);
        }
    }

    /** Its inbox must not go if it is back; so it cannot come back meanwhile. */
    private void cleanUpAfter(String gone) throws InterruptedException {
        if (!rows.tryLock(gone, 0, TimeUnit.MILLISECONDS, DEATH.toMillis(), TimeUnit.MILLISECONDS)) {
            // Somebody else is at it.
            return;
        }
        try {
            if (!rows.containsKey(gone)) {
                onGone.accept(gone);
            }
            left.remove(gone);
        } finally {
            rows.unlock(gone);
        }
    }

    private void lost(String gone) {
        forget(gone);
        onDoubt.run();
        LOG.info("Node {} has left", gone);
        left.add(gone);
    }
}
