package dev.mooring.grid;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.client.config.ClientConnectionStrategyConfig;
import com.hazelcast.client.config.ClientNetworkConfig;
import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node that keeps the sessions in a cluster of plain Hazelcast servers. Nothing is configured on them from here: their own
 * configuration says how many backups a map has.
 *
 * <p>The first connection is waited for. One that is lost later is sought in the background for as long as the node runs, and
 * every call fails at once until it is back.
 */
final class ClientLink implements Link {

    /** How long a start waits for a server: they may start at the same moment as this node. */
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);

    private static final Duration CONNECTION_TIMEOUT = Duration.ofSeconds(2);
    private static final int FOR_EVER = -1;
    private static final Duration MOMENT = Duration.ofMillis(20);
    private static final Duration CLOCK_PERIOD = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(ClientLink.class);

    private final GridConfig.Client config;
    private final HazelcastInstance hazelcast;
    private final ServerClock clock;
    private final ExecutorService threads;
    private @Nullable ClientSessionMap sessions;

    private ClientLink(GridConfig.Client config, HazelcastInstance hazelcast, ServerClock clock) {
        this.config = config;
        this.hazelcast = hazelcast;
        this.clock = clock;
        AtomicInteger count = new AtomicInteger();
        this.threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "mooring-client-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    static ClientLink open(GridConfig.Client config, String node) {
        long deadline = System.nanoTime() + CONNECT_LIMIT.toNanos();
        CountDownLatch connected = new CountDownLatch(1);
        HazelcastInstance hazelcast = HazelcastClient.newHazelcastClient(hazelcastConfig(config, connected));
        boolean joined = false;
        try {
            if (!connected.await(CONNECT_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("No server of Hazelcast cluster " + config.clusterName() + " at "
                        + addresses(config) + " within " + CONNECT_LIMIT.toSeconds()
                        + " s: expected one that runs, with this cluster name;"
                        + " see jetty.session.hazelcast.addresses and jetty.session.hazelcast.clusterName");
            }
            ServerClock clock = new ServerClock(hazelcast, config.mapName() + "-clock-" + node);
            awaitServers(hazelcast, clock, deadline);
            clock.read();
            joined = true;
            return new ClientLink(config, hazelcast, clock);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while it joined cluster " + config.clusterName(), e);
        } finally {
            if (!joined) {
                hazelcast.shutdown();
            }
        }
    }

    /** One connection is enough to begin with, but notices, and the word of backups, come from every server directly. */
    private static void awaitServers(HazelcastInstance hazelcast, ServerClock clock, long deadline) {
        Cluster cluster = hazelcast.getCluster();
        while (cluster.getMembers().isEmpty() && System.nanoTime() - deadline < 0) {
            // An old server lists the members a moment after the connection.
            LockSupport.parkNanos(MOMENT.toNanos());
        }
        for (Member server : cluster.getMembers()) {
            boolean heard = server.isLiteMember();
            while (!heard && System.nanoTime() - deadline < 0) {
                heard = clock.hears(server);
            }
            if (!heard) {
                LOG.warn(
                        "Server {} has passed nothing on to this node for {} s: every server must be reachable from it",
                        server.getAddress(),
                        CONNECT_LIMIT.toSeconds());
            }
        }
    }

    @Override
    public HazelcastInstance hazelcast() {
        return hazelcast;
    }

    @Override
    public long clusterTime() {
        return clock.millis();
    }

    @Override
    public SessionMap openSessions(Duration slack, ScheduledExecutorService scheduler) {
        scheduler.scheduleWithFixedDelay(
                () -> threads.execute(clock::tryToRead),
                CLOCK_PERIOD.toMillis(),
                CLOCK_PERIOD.toMillis(),
                TimeUnit.MILLISECONDS);
        sessions = new ClientSessionMap(hazelcast, config, slack, threads, scheduler);
        return sessions;
    }

    @Override
    public void stop() {
        if (sessions != null) {
            sessions.stop();
        }
        threads.shutdown();
        try {
            // A clock that is being read just now has a topic to destroy.
            if (!threads.awaitTermination(Grid.CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("A call to cluster {} is given up", config.clusterName());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        hazelcast.shutdown();
    }

    private static List<String> addresses(GridConfig.Client config) {
        return config.addresses().isEmpty() ? List.of("127.0.0.1") : config.addresses();
    }

    private static ClientConfig hazelcastConfig(GridConfig.Client client, CountDownLatch connected) {
        ClientConfig config = new ClientConfig();
        config.setClusterName(client.clusterName());
        config.setClassLoader(Grid.class.getClassLoader());
        HazelcastSettings.forClients().forEach(config::setProperty);
        config.getMetricsConfig().setEnabled(false);
        ClientNetworkConfig network = config.getNetworkConfig();
        network.setAddresses(addresses(client)).setConnectionTimeout((int) CONNECTION_TIMEOUT.toMillis());
        network.getAutoDetectionConfig().setEnabled(false);
        // What was under way when a connection broke is sent again: every change may run twice and counts once.
        network.setRedoOperation(true);
        ClientConnectionStrategyConfig connection = config.getConnectionStrategyConfig();
        connection.setAsyncStart(true).setReconnectMode(ClientConnectionStrategyConfig.ReconnectMode.ASYNC);
        connection
                .getConnectionRetryConfig()
                .setInitialBackoffMillis(100)
                .setMaxBackoffMillis(1_000)
                .setMultiplier(1.5)
                .setClusterConnectTimeoutMillis(FOR_EVER);
        LifecycleListener listener = event -> {
            if (event.getState() == LifecycleState.CLIENT_CONNECTED) {
                connected.countDown();
            }
        };
        config.addListenerConfig(new ListenerConfig(listener));
        return config;
    }
}
