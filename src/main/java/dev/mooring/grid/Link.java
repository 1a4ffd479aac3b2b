package dev.mooring.grid;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;

/**
 * A running Hazelcast instance, and what a node does differently as a member and as a client. Whoever opens it stops
 * it. Thread-safe.
 */
sealed interface Link permits MemberLink, ClientLink {

    /** The instance. */
    HazelcastInstance hazelcast();

    /** The name of the cluster, for messages and figures. */
    String clusterName();

    /** The time that all nodes share, in milliseconds since the epoch. Does not block. */
    long clusterTime();

    /** Returns a map, which confirms a change of a single entry only when the backups have it. */
    <V> IMap<String, V> map(String name);

    /**
     * Opens the map of sessions. Called once, before {@link #stop}.
     *
     * @param calls how to wait for the cluster
     * @param slack how much longer than its session a record is kept
     * @param scheduler starts what is to be done later; nothing runs on it for long
     */
    SessionMap openSessions(StoreCalls calls, Duration slack, ScheduledExecutorService scheduler);

    /**
     * Looks whether an answer of the cluster can be believed. Does not block.
     *
     * @throws StoreUnavailableException if what answers may have been given up by the others, and be a cluster of its
     *     own, or is just being merged
     */
    void check();

    /**
     * Has something run when the cluster may have been put together from two, or when its answers are believed again
     * after they were not. It must not block. Called once.
     */
    void onMerge(Runnable listener);

    /** Leaves the cluster, after what is left to do for the sessions. Blocks for some seconds. */
    void stop();

    /**
     * Joins the cluster. Blocks until this node has.
     *
     * @param config how to reach the cluster
     * @param node this node's id
     * @throws IllegalStateException if Hazelcast cannot start, or a client reaches no server
     */
    static Link open(GridConfig config, String node) {
        if (config instanceof GridConfig.Member member) {
            return MemberLink.open(member);
        }
        if (config instanceof GridConfig.Client client) {
            return ClientLink.open(client, node);
        }
        throw new AssertionError(config);
    }
}
