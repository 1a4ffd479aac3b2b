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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's row in the map of nodes, and the lease that it gives.
 *
 * <p>A node that holds a copy of a session is told of each write, and the writer waits for its answer. What if there is
 * none? The node may be dead, paused, or cut off, and must not go on reading its copy. So each node renews a row every
 * {@link #RENEWAL}; its lease runs for {@link #TERM} from the moment the last successful renewal was <em>sent</em>, by
 * its own {@code nanoTime}. A read looks at the lease first and goes to the cluster when it has lapsed. A writer
 * without an answer marks the row as fenced, once for the node and not for each session, and waits for one term from
 * the confirmed mark: a renewal that had succeeded was sent before it, so the lease has run out by then. After that
 * nobody waits for the fenced node. The node meets the mark at its next renewal and takes a new epoch, in which none of
 * its copies counts as current.
 *
 * <p>A row that does not change for {@link #DEATH} by an observer's own clock is dead, and is removed. The dead node
 * may have written without telling, so every survivor starts a new epoch of its own then, without touching its row. So
 * does everybody who sees that another has taken a new epoch: after a split of the cluster, both sides have records
 * that they did not know.
 *
 * <p>Thread-safe. {@link #epoch()} reads one volatile field; what blocks says so.
 */
public final class NodeLease {

    /** How often the row is renewed. */
    static final Duration RENEWAL = Duration.ofMillis(300);

    /** How long a renewal lasts, and how long a writer waits for an answer. */
    static final Duration TERM = Duration.ofSeconds(1);

    /** How long a row may stay unrenewed. */
    static final Duration DEATH = Duration.ofSeconds(10);

    /** Longer than it takes to give nodes up: two looks, the mark and the wait. */
    private static final Duration FENCING = Duration.ofSeconds(20);

    /** How long the lease may have lapsed before the log speaks of it: a member's death holds it up for a moment. */
    private static final Duration OUTAGE = Duration.ofSeconds(3);

    private static final Logger LOG = LoggerFactory.getLogger(NodeLease.class);

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
    private final AtomicLong epochs = new AtomicLong();

    /** Written under this object's monitor, with the newest of {@link #epochs}; whoever reads it needs no lock. */
    private volatile Lease lease = Lease.lapsed();

    /** Nodes that this one has seen a row of. */
    private final Set<String> known = ConcurrentHashMap.newKeySet();

    /** Nodes that this one has given up, and the epoch of their row: their lease of that epoch has run out. */
    private final Map<String, Long> fenced = new ConcurrentHashMap<>();

    /** Who is being given up just now: one writer marks and waits, those who find the same node silent wait for it. */
    private final Map<String, CompletableFuture<@Nullable Void>> fencing = new ConcurrentHashMap<>();

    /** The row as this node wrote it last; only the renewing thread uses it. */
    private NodeRow row = new NodeRow(NodeRow.FIRST_EPOCH, 0, false);

    /** Only the observing thread uses it. */
    private final Sightings sightings = new Sightings();

    /** Whether the log says that the lease has lapsed; only the renewing thread uses it. */
    private boolean lapseReported;

    /** Counts the times that the cluster has been put together from two. */
    private final AtomicLong merges = new AtomicLong();

    /** Those after which this node has taken a new epoch; only the renewing thread uses it. */
    private long mergesMet;

    private final List<Runnable> epochListeners = new CopyOnWriteArrayList<>();

    /** Nodes that are gone and not cleaned up after yet; only the observing thread uses it. */
    private final Set<String> left = new HashSet<>();

    private volatile Consumer<String> onGone = gone -> {};
    private volatile Runnable onBack = () -> {};

    NodeLease(String node, IMap<String, NodeRow> rows, StoreCalls calls) {
        this.node = node;
        this.rows = rows;
        this.calls = calls;
    }

    /** Registers the row and starts to renew it. Blocks until the row is there. */
    void start(ScheduledExecutorService scheduler) {
        long sent = System.nanoTime();
        calls.await("node " + node, () -> rows.setAsync(node, row));
        startEpoch(sent + TERM.toNanos());
        every(RENEWAL, RENEWAL, scheduler, this::renew);
        every(Duration.ZERO, TERM, scheduler, this::observe);
    }

    private static void every(Duration first, Duration period, ScheduledExecutorService scheduler, Runnable task) {
        Future<?> unused =
                scheduler.scheduleWithFixedDelay(task, first.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Removes the row; the copies of this node count no longer. Blocks. */
    void stop() {
        startEpoch(System.nanoTime());
        calls.await("node " + node, () -> rows.deleteAsync(node));
    }

    /**
     * Returns this node's id.
     *
     * @return a random name, made at each start
     */
    public String node() {
        return node;
    }

    /**
     * Returns the epoch in which a copy must have been validated to be read without asking. Does not block.
     *
     * @return the epoch; -1, which is no copy's epoch, while the lease has lapsed
     */
    public long epoch() {
        return lease.epochAt(System.nanoTime());
    }

    /**
     * Returns how many nodes this one knows, itself included.
     *
     * @return the number of rows seen last
     */
    public int nodes() {
        known.add(node);
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
        return other.equals(node) || known.contains(other);
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

    /** Sets who is told of a node that is gone; called on a grid thread, may block for a short while. */
    void onGone(Consumer<String> listener) {
        onGone = listener;
    }

    /**
     * Sets who is told that this node was given up and is about to come back; called on a grid thread, may block for a
     * short while. Where it throws, this node does not come back yet.
     */
    void onBack(Runnable listener) {
        onBack = listener;
    }

    /** The cluster was split and is one again: nothing that was known before need be true. Does not block. */
    void merged() {
        merges.incrementAndGet();
    }

    /**
     * A member has gone, and what its partitions held is now what their backups have: a change that was read there and
     * had no backup yet, so that nobody was told that it is finished, is undone. No copy counts as current any more.
     * Does not block.
     */
    void bereaved() {
        startEpoch(lease.until());
    }

    /**
     * Has something run whenever a new epoch has begun: no copy counts as current then.
     *
     * @param listener run on a thread of the grid; must not block
     */
    public void onEpoch(Runnable listener) {
        epochListeners.add(listener);
    }

    /**
     * Undoes {@link #onEpoch}.
     *
     * @param listener the listener
     */
    public void removeEpochListener(Runnable listener) {
        epochListeners.remove(listener);
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
            known.remove(other);
            fenced.remove(other);
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

    /**
     * Gives nodes up that have not answered: afterwards they read nothing from their copies before they have taken a
     * new epoch. Blocks for one {@link #TERM}, however many they are, and for all who find the same node silent
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
            LOG.warn("Node {} did not answer for {} ms and is fenced until it comes back", node, TERM.toMillis());
            marked.put(node, found.epoch());
        }
        if (!marked.isEmpty()) {
            // Whoever has set the marks, they stand from here on: the leases have run out one term later.
            pause(TERM);
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

    private void renew() {
        try {
            long sent = System.nanoTime();
            NodeRow next = row.renewed();
            calls.check();
            boolean renewed = mergesMet == merges.get() && rows.replace(node, row, next);
            calls.check();
            if (renewed) {
                row = next;
                extend(sent);
            } else {
                comeBack();
            }
        } catch (RuntimeException | Error e) {
            // The boundary of a grid thread: one that throws is never run again. A server passes on even its errors.
            LOG.debug("Node {}: row not renewed", node, e);
            if (System.nanoTime() - lease.until() > OUTAGE.toNanos() && !lapseReported) {
                lapseReported = true;
                LOG.warn("Node {}: the session store cannot be reached: {}", node, e.toString());
            }
        }
    }

    private void startEpoch(long until) {
        synchronized (this) {
            lease = new Lease(epochs.incrementAndGet(), until);
        }
        epochListeners.forEach(Runnable::run);
    }

    private void extend(long sent) {
        synchronized (this) {
            lease = new Lease(epochs.get(), sent + TERM.toNanos());
        }
        if (lapseReported) {
            lapseReported = false;
            LOG.info("Node {}: the session store is reached again", node);
        }
    }

    private void comeBack() {
        long sent = System.nanoTime();
        long met = merges.get();
        NodeRow found = rows.get(node);
        if (met == mergesMet && found != null && found.isRenewalOf(row)) {
            // An earlier renewal arrived although its answer did not. No one gave this node up.
            row = found;
            return;
        }
        // Gone, fenced, older than it was, or of an epoch that this node does not know of, since the answer
        // to its return was lost: it was given up, or the cluster has lost what it knew, in each case.
        onBack.run();
        NodeRow next = (found == null ? row : found).nextEpoch();
        boolean back = found == null ? rows.putIfAbsent(node, next) == null : rows.replace(node, found, next);
        if (back) {
            if (found == null) {
                // Somebody may have cleaned up after this node, until it could put its row there, and not after.
                onBack.run();
            }
            row = next;
            mergesMet = met;
            // The row's new epoch first, the lease's after it: a writer that sees the row tells this node from then on,
            // and what was written before it is found by the refresh that each copy needs in a new epoch.
            startEpoch(sent);
            extend(sent);
            LOG.info("Node {} is back after it could not be reached; its copies are read again", node);
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
            look.joined().stream()
                    .filter(other -> !other.equals(node))
                    .forEach(other -> LOG.info("Node {} has joined node {}", other, node));
            look.left().stream().filter(other -> !other.equals(node)).forEach(this::lost);
            if (look.returned().stream().anyMatch(other -> !other.equals(node))) {
                // It was away, perhaps with one half of a split cluster, and its records have been merged with ours.
                startEpoch(lease.until());
            }
            look.dead().forEach((other, found) -> {
                if (!other.equals(node) && rows.remove(other, found)) {
                    LOG.warn("Node {} did not renew its row for {} s and is taken for dead", other, DEATH.toSeconds());
                }
            });
            for (String gone : Set.copyOf(left)) {
                cleanUpAfter(gone);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            // As in renew(); what is left to do is done the next time.
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
        known.remove(gone);
        fenced.remove(gone);
        startEpoch(lease.until());
        LOG.info("Node {} has left", gone);
        left.add(gone);
    }
}
