package dev.mooring.grid;

import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.map.IMap;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's part in the cluster: a Hazelcast instance, the map of sessions, the node's lease, its peers and its
 * inbox. Made by {@link #start}, which blocks until the node has joined; ended by {@link #stop}. Thread-safe.
 */
public final class Grid {

    /** The longest that a call to the cluster may take: a client who waits for it is answered within five seconds. */
    public static final Duration CALL_TIMEOUT = Duration.ofSeconds(4);

    private static final Duration LEAST_SLACK = Duration.ofMinutes(15);
    private static final Logger LOG = LoggerFactory.getLogger(Grid.class);

    private final GridConfig config;
    private final Link link;
    private final ScheduledExecutorService scheduler;
    private final NodeLease lease;
    private final Peers peers;
    private final Inbox inbox;
    private final SessionMap sessions;
    private final Aliases aliases;
    private final AtomicLong loads = new AtomicLong();
    private @Nullable UUID membershipListener;

    private Grid(GridConfig config, String node, Link link, Duration gracePeriod) {
        this.config = config;
        this.link = link;
        AtomicInteger threads = new AtomicInteger();
        ScheduledThreadPoolExecutor pool = new ScheduledThreadPoolExecutor(2, task -> {
            Thread thread = new Thread(task, "mooring-grid-" + threads.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        // Now, and not by the first web application, whose class loader the threads would keep from being collected.
        pool.prestartAllCoreThreads();
        scheduler = pool;
        StoreCalls calls = new StoreCalls(link.clusterName(), link::check);
        IMap<String, NodeRow> rows = link.map(nodeMap(config));
        lease = new NodeLease(node, rows, calls);
        peers = new Peers(node, rows, calls);
        inbox = new Inbox(link.hazelcast(), config.mapName(), peers);
        sessions = link.openSessions(calls, slack(gracePeriod), scheduler);
        aliases = new Aliases(link.map(aliasMap(config)), calls);
    }

    /**
     * Starts this node. Blocks until it has joined the cluster, some seconds.
     *
     * @param config how to reach the cluster
     * @param gracePeriod how long a session's record outlives its last possible use, at least 15 minutes
     * @return the node
     * @throws IllegalStateException if Hazelcast cannot start, or no server is reached within half a minute
     */
    public static Grid start(GridConfig config, Duration gracePeriod) {
        AnswerThreads.provide();
        String node = newNodeId();
        Grid grid = new Grid(config, node, Link.open(config, node), gracePeriod);
        boolean started = false;
        try {
            grid.inbox.listen();
            grid.peers.onJoined(grid.inbox::meet);
            grid.peers.onGone(grid.inbox::forget);
            grid.peers.onDoubt(grid.lease::distrust);
            grid.lease.onBack(grid.inbox::listen);
            grid.link.onMerge(grid.lease::merged);
            grid.membershipListener = grid.cluster().addMembershipListener(new MembershipAdapter() {
                @Override
                public void memberRemoved(MembershipEvent event) {
                    // What its partitions held is now what their backups have: a change that was read there and had
                    // no backup yet, so that nobody was told that it is finished, is undone.
                    grid.lease.distrust();
                }
            });
            grid.lease.start(grid.scheduler);
            grid.peers.start(grid.scheduler);
            started = true;
        } finally {
            if (!started) {
                grid.stop();
            }
        }
        LOG.debug(
                "Cluster {}: node {} is one of {} members, map {}",
                grid.clusterName(),
                grid.node(),
                grid.members(),
                config.mapName());
        return grid;
    }

    /** Leaves the cluster; what this node carried is handed on first. Blocks for some seconds. */
    public void stop() {
        stopScheduler();
        try {
            if (membershipListener != null
                    && link.hazelcast().getLifecycleService().isRunning()) {
                cluster().removeMembershipListener(membershipListener);
            }
            lease.stop();
            inbox.stop();
        } catch (RuntimeException e) {
            LOG.warn("Node {}: its row or inbox stays in cluster {} for a while", node(), clusterName(), e);
        }
        link.stop();
    }

    private Cluster cluster() {
        return link.hazelcast().getCluster();
    }

    private void stopScheduler() {
        scheduler.shutdownNow();
        try {
            // A renewal that is under way could bring the row back after it was removed.
            if (!scheduler.awaitTermination(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("Node {}: its renewal did not end in {} s", node(), CALL_TIMEOUT.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Returns the name of the cluster.
     *
     * @return the name
     */
    public String clusterName() {
        return link.clusterName();
    }

    /**
     * Returns the name of the map of sessions.
     *
     * @return the configured name
     */
    public String mapName() {
        return config.mapName();
    }

    /**
     * Counts a load of a session by this node.
     *
     * @return a number that grows with each load, whatever web application it is for
     */
    public long nextLoad() {
        return loads.incrementAndGet();
    }

    /**
     * Returns this node's id.
     *
     * @return a random name, made at each start
     */
    public String node() {
        return peers.node();
    }

    /**
     * Returns how many members the cluster has, which are the servers where this node is a client.
     *
     * @return the size of the cluster as Hazelcast sees it now; a client that has lost its servers sees the last one
     *     for a while
     */
    public int members() {
        return cluster().getMembers().size();
    }

    /**
     * Tells how this node takes part.
     *
     * @return true if it carries a part of the sessions itself, false if it is a client
     */
    public boolean isMember() {
        return config instanceof GridConfig.Member;
    }

    /**
     * Returns the time that all nodes share.
     *
     * @return milliseconds since the epoch, by the cluster's clock
     */
    public long clusterTime() {
        return link.clusterTime();
    }

    /**
     * Returns the records of all sessions.
     *
     * @return the map
     */
    public SessionMap sessions() {
        return sessions;
    }

    /**
     * Returns the ids that sessions took later in their lives.
     *
     * @return the aliases
     */
    public Aliases aliases() {
        return aliases;
    }

    /**
     * Returns what tells whether a copy may be read without asking.
     *
     * @return the lease
     */
    public NodeLease lease() {
        return lease;
    }

    /**
     * Returns what this node knows of the others.
     *
     * @return the other nodes
     */
    public Peers peers() {
        return peers;
    }

    /**
     * Returns what nodes tell each other.
     *
     * @return the inbox
     */
    public Inbox inbox() {
        return inbox;
    }

    /**
     * Returns how much longer than its session a record is kept, so that what a crash leaves behind goes away.
     *
     * @param gracePeriod the configured one
     * @return the same, but at least 15 minutes
     */
    public static Duration slack(Duration gracePeriod) {
        return gracePeriod.compareTo(LEAST_SLACK) > 0 ? gracePeriod : LEAST_SLACK;
    }

    static String aliasMap(GridConfig config) {
        return config.mapName() + "-ids";
    }

    static String nodeMap(GridConfig config) {
        return config.mapName() + "-nodes";
    }

    private static String newNodeId() {
        return Long.toUnsignedString(new SecureRandom().nextLong(), Character.MAX_RADIX);
    }
}
