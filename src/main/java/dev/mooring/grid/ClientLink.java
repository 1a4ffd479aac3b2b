package dev.mooring.grid;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.client.config.ClientConnectionStrategyConfig;
import com.hazelcast.client.config.ClientNetworkConfig;
import com.hazelcast.client.config.XmlClientConfigBuilder;
import com.hazelcast.client.config.YamlClientConfigBuilder;
import com.hazelcast.cluster.Address;
import com.hazelcast.cluster.Cluster;
import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipAdapter;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.ListenerConfig;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleListener;
import com.hazelcast.map.IMap;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node that keeps the sessions in a cluster of plain Hazelcast servers. Nothing is configured on them from here:
 * their own configuration says how many backups a map has.
 *
 * <p>The first connection is waited for. One that is lost later is sought in the background for as long as the node
 * runs, and every call fails at once until it is back.
 */
final class ClientLink implements Link {

    /** How long a start waits for a server: they may start at the same moment as this node. */
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);

    private static final Duration CONNECTION_TIMEOUT = Duration.ofSeconds(2);
    private static final int FOR_EVER = -1;
    private static final Duration MOMENT = Duration.ofMillis(20);

    /** How long servers may take to merge what they have. */
    private static final Duration MERGE_LIMIT = Duration.ofSeconds(10);

    private static final Duration CLOCK_PERIOD = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(ClientLink.class);

    private final GridConfig.Client config;
    private final HazelcastInstance hazelcast;
    private final String clusterName;

    /** Whether this node started the client, and so stops it. */
    private final boolean own;

    private final ServerClock clock;
    private final ExecutorService threads;
    private final GivenUp givenUp;
    private final UUID membershipListener;
    private @Nullable ClientSessionMap sessions;
    private volatile Runnable onMerge = () -> {};

    private ClientLink(
            GridConfig.Client config, HazelcastInstance hazelcast, String clusterName, boolean own, ServerClock clock) {
        this.config = config;
        this.hazelcast = hazelcast;
        this.clusterName = clusterName;
        this.own = own;
        this.clock = clock;
        this.threads = Executors.newCachedThreadPool(new OwnThreads("mooring-client-"));
        this.givenUp = new GivenUp(hazelcast, clusterName, () -> onMerge.run());
        this.membershipListener = listen();
    }

    static ClientLink open(GridConfig.Client config, String node) {
        long deadline = System.nanoTime() + CONNECT_LIMIT.toNanos();
        CountDownLatch connected = new CountDownLatch(1);
        HazelcastInstance running = config.instanceName()
                .map(HazelcastClient::getHazelcastClientByName)
                .orElse(null);
        String clusterName = config.clusterName();
        HazelcastInstance hazelcast = running;
        if (hazelcast == null) {
            ClientConfig client = hazelcastConfig(config, connected);
            clusterName = client.getClusterName();
            hazelcast = HazelcastClient.newHazelcastClient(client);
        } else {
            LOG.warn(
                    "Hazelcast client {} is used as it is; if it is not as Mooring would have it, failures last longer: {}",
                    hazelcast.getName(),
                    HazelcastSettings.differences(HazelcastSettings.promptClients(), name -> null));
            connected.countDown();
        }
        boolean joined = false;
        try {
            if (!connected.await(CONNECT_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException("No server of Hazelcast cluster " + clusterName + " at "
                        + config.configuration()
                                .map(Path::toString)
                                .orElseGet(() -> addresses(config).toString())
                        + " within " + CONNECT_LIMIT.toSeconds()
                        + " s: expected one that runs, with this cluster name;"
                        + " see jetty.session.hazelcast.addresses and jetty.session.hazelcast.clusterName");
            }
            ServerClock clock = new ServerClock(hazelcast, config.mapName() + "-clock-" + node);
            awaitServers(hazelcast, clock, deadline);
            clock.read();
            joined = true;
            return new ClientLink(config, hazelcast, clusterName, running == null, clock);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while it joined cluster " + clusterName, e);
        } finally {
            if (!joined && running == null) {
                hazelcast.shutdown();
            }
        }
    }

    /**
     * One connection is enough to begin with, but notices, and the word of backups, come from every server directly.
     */
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
    public String clusterName() {
        return clusterName;
    }

    @Override
    public long clusterTime() {
        return clock.millis();
    }

    /** What a client waits for is set for all that it does, see {@link HazelcastSettings}. */
    @Override
    public <V> IMap<String, V> map(String name) {
        return hazelcast.getMap(name);
    }

    @Override
    public SessionMap openSessions(StoreCalls calls, Duration slack, ScheduledExecutorService scheduler) {
        Future<?> unused = scheduler.scheduleWithFixedDelay(
                () -> threads.execute(clock::tryToRead),
                CLOCK_PERIOD.toMillis(),
                CLOCK_PERIOD.toMillis(),
                TimeUnit.MILLISECONDS);
        sessions = new ClientSessionMap(map(config.mapName()), calls, slack, threads, scheduler);
        return sessions;
    }

    /**
     * A client is not told of a merge. But each server of the side that gives way joins the other as a new one at the
     * address that it had before, and then hands over what it has.
     */
    private UUID listen() {
        Cluster cluster = hazelcast.getCluster();
        Set<Address> known = ConcurrentHashMap.newKeySet();
        UUID listener = cluster.addMembershipListener(new MembershipAdapter() {
            @Override
            public void memberAdded(MembershipEvent event) {
                if (!known.add(event.getMember().getAddress())) {
                    onMerge.run();
                    CompletableFuture.delayedExecutor(MERGE_LIMIT.toMillis(), TimeUnit.MILLISECONDS, threads)
                            .execute(() -> onMerge.run());
                }
            }

            @Override
            public void memberRemoved(MembershipEvent event) {
                givenUp.gone(event.getMember(), event.getMembers());
            }
        });
        cluster.getMembers().forEach(server -> known.add(server.getAddress()));
        return listener;
    }

    @Override
    public void onMerge(Runnable listener) {
        onMerge = listener;
    }

    @Override
    public void check() {
        givenUp.check();
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
                LOG.debug("A call to cluster {} is given up", clusterName);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (own) {
            hazelcast.shutdown();
        } else {
            hazelcast.getCluster().removeMembershipListener(membershipListener);
        }
    }

    private static List<String> addresses(GridConfig.Client config) {
        return config.addresses().isEmpty() ? List.of("127.0.0.1") : config.addresses();
    }

    private static ClientConfig hazelcastConfig(GridConfig.Client client, CountDownLatch connected) {
        ClientConfig config = client.configuration()
                .map(file -> HazelcastSettings.load(file, ClientLink::load))
                .orElseGet(() -> onNetwork(client));
        if (!client.clusterName().isEmpty()) {
            config.setClusterName(client.clusterName());
        }
        client.instanceName().ifPresent(config::setInstanceName);
        if (config.getClassLoader() == null) {
            config.setClassLoader(Grid.class.getClassLoader());
        }
        HazelcastSettings.complete(HazelcastSettings.forClients(), config::getProperty, config::setProperty);
        client.configuration().ifPresent(file -> {
            String differences = HazelcastSettings.differences(HazelcastSettings.promptClients(), config::getProperty);
            if (!differences.isEmpty()) {
                LOG.warn(
                        "Hazelcast configuration {} is not as Mooring would have it; failures may last longer: {}",
                        file,
                        differences);
            }
        });
        // What was under way when a connection broke is sent again: every change may run twice and counts once.
        config.getNetworkConfig().setRedoOperation(true);
        // A call without a connection fails at once, and the connection is sought in the background.
        config.getConnectionStrategyConfig()
                .setAsyncStart(true)
                .setReconnectMode(ClientConnectionStrategyConfig.ReconnectMode.ASYNC);
        LifecycleListener listener = event -> {
            if (event.getState() == LifecycleState.CLIENT_CONNECTED) {
                connected.countDown();
            }
        };
        config.addListenerConfig(new ListenerConfig(listener));
        return config;
    }

    private static ClientConfig load(File file) throws IOException {
        return HazelcastSettings.isYaml(file)
                ? new YamlClientConfigBuilder(file).build()
                : new XmlClientConfigBuilder(file).build();
    }

    private static ClientConfig onNetwork(GridConfig.Client client) {
        ClientConfig config = new ClientConfig();
        config.getMetricsConfig().setEnabled(false);
        ClientNetworkConfig network = config.getNetworkConfig();
        network.setAddresses(addresses(client)).setConnectionTimeout((int) CONNECTION_TIMEOUT.toMillis());
        network.getAutoDetectionConfig().setEnabled(false);
        config.getConnectionStrategyConfig()
                .getConnectionRetryConfig()
                .setInitialBackoffMillis(100)
                .setMaxBackoffMillis(1_000)
                .setMultiplier(1.5)
                .setClusterConnectTimeoutMillis(FOR_EVER);
        return config;
    }
}
