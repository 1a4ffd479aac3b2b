package dev.mooring.grid;

import static org.awaitility.Awaitility.await;

import com.hazelcast.client.Client;
import com.hazelcast.client.HazelcastClient;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import dev.mooring.model.Change;
import dev.mooring.model.Outcome;
import dev.mooring.model.SessionKey;
import dev.mooring.model.SessionRecord;
import dev.mooring.model.Times;
import dev.mooring.nodes.Ports;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Several nodes of one cluster in this JVM, each a {@link Grid} of its own on loopback. Stopped in reverse order, and
 * after them the server that they are clients of.
 */
public final class TestGrids implements AutoCloseable {

    /** What the nodes are to the cluster. */
    public enum Mode {
        /** Each is a member. */
        MEMBER,
        /** Each is a client of one plain Hazelcast server. */
        CLIENT,
        /** The first is a member, the second is a client of the members, and so on. */
        MIXED;

        boolean isClient(int index) {
            return this == CLIENT || this == MIXED && index % 2 == 1;
        }
    }

    static final String MAP = "sessions";
    static final Duration GRACE = Duration.ofMinutes(20);
    static final long SLACK_MS = GRACE.toMillis();
    static final long MAX_INACTIVE_MS = 1_800_000;

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final String cluster = "test-" + UUID.randomUUID();
    private final List<Grid> grids = new ArrayList<>();
    private final List<HazelcastInstance> instances = new ArrayList<>();
    private final List<HazelcastInstance> servers = new ArrayList<>();
    private final AtomicLong operations = new AtomicLong();

    private TestGrids() {}

    /** Starts so many members. See {@link #of(Mode, int)}. */
    static TestGrids of(int nodes) {
        return of(Mode.MEMBER, nodes);
    }

    /** Starts so many nodes, each when the one before has joined. Blocks until each knows all others. */
    public static TestGrids of(Mode mode, int nodes) {
        TestGrids grids = new TestGrids();
        try {
            grids.start(mode, nodes);
            return grids;
        } catch (RuntimeException | Error e) {
            grids.close();
            throw e;
        }
    }

    private void start(Mode mode, int nodes) {
        List<Integer> ports =
                Stream.generate(Ports::free).distinct().limit(nodes).toList();
        List<String> members = ports.stream().map(each -> "127.0.0.1:" + each).toList();
        if (mode == Mode.CLIENT) {
            servers.add(Hazelcast.newHazelcastInstance(plainServer(cluster, ports.get(0))));
        }
        for (int i = 0; i < nodes; i++) {
            GridConfig config = mode.isClient(i)
                    ? new GridConfig.Client(cluster, members, Optional.empty(), Optional.empty(), MAP)
                    : new GridConfig.Member(
                            cluster, "127.0.0.1", ports.get(i), members, Optional.empty(), Optional.empty(), MAP, 1);
            Set<HazelcastInstance> before = running();
            grids.add(Grid.start(config, GRACE));
            Set<HazelcastInstance> started = running();
            started.removeAll(before);
            instances.add(started.iterator().next());
        }
        // Whoever is killed from now on, the others have all that it had.
        await().atMost(LIMIT).until(() -> members().get(0).getPartitionService().isClusterSafe());
        await().atMost(LIMIT)
                .until(() -> grids.stream().allMatch(grid -> grid.peers().nodes() == nodes));
    }

    /** A server as anybody runs it, on loopback. */
    static Config plainServer(String cluster, int port) {
        Config config = new Config().setClusterName(cluster);
        config.setProperty("hazelcast.logging.type", "slf4j");
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.getJetConfig().setEnabled(false);
        config.getNetworkConfig().setPort(port).getInterfaces().setEnabled(true).addInterface("127.0.0.1");
        config.getNetworkConfig().getJoin().getAutoDetectionConfig().setEnabled(false);
        config.getNetworkConfig().getJoin().getMulticastConfig().setEnabled(false);
        return config;
    }

    private static Set<HazelcastInstance> running() {
        Set<HazelcastInstance> running = new HashSet<>(Hazelcast.getAllHazelcastInstances());
        running.addAll(HazelcastClient.getAllHazelcastClients());
        return running;
    }

    /** The instances that hold data: nodes, or their server. */
    List<HazelcastInstance> members() {
        return Stream.concat(
                        servers.stream(),
                        instances.stream().filter(each -> !(each.getLocalEndpoint() instanceof Client)))
                .toList();
    }

    /** The node with this number, from 0. */
    public Grid grid(int index) {
        return grids.get(index);
    }

    String node(int index) {
        return grids.get(index).node();
    }

    int size() {
        return grids.size();
    }

    String cluster() {
        return cluster;
    }

    /** The Hazelcast instance of a node, to see and do what a node never would. */
    HazelcastInstance hazelcast(int index) {
        return instances.get(index);
    }

    IMap<String, NodeRow> rows(int index) {
        return hazelcast(index).getMap(MAP + "-nodes");
    }

    /**
     * Adds a node that hangs: it has a row, and answers nothing. Unless it is forgotten, others give it up like any.
     *
     * @return its id
     */
    public String addSilentNode() {
        String silent = "silent";
        rows(0).set(silent, Objects.requireNonNull(rows(0).get(node(0))));
        return silent;
    }

    /** Takes away what {@link #addSilentNode} has added. */
    public void forgetSilentNode(String silent) {
        rows(0).delete(silent);
    }

    /**
     * Nobody gets an answer about a session any more, who would change its record, until {@link #letGo} is called by
     * the same thread.
     */
    public void hold(SessionKey key) {
        records(0).lock(key.path());
    }

    /** Ends what {@link #hold} began. */
    public void letGo(SessionKey key) {
        records(0).unlock(key.path());
    }

    /** Forgets all sessions, without a word to anybody. */
    public void clear() {
        records(0).clear();
    }

    IMap<String, SessionRecord> records(int index) {
        return hazelcast(index).getMap(MAP);
    }

    /** Names the topics of inboxes that the cluster knows. */
    List<String> inboxes(int index) {
        return hazelcast(index).getDistributedObjects().stream()
                .map(object -> object.getName())
                .filter(name -> name.startsWith(MAP + "-inbox-"))
                .toList();
    }

    /** Dies as a killed process does: without a word. */
    void kill(int index) {
        hazelcast(index).getLifecycleService().terminate();
    }

    /** The Hazelcast instance of the first node ends, without a word to the node. */
    public void endHazelcast() {
        kill(0);
    }

    /** A session of a web application of its own. */
    static SessionKey newKey() {
        return new SessionKey("0.0.0.0_" + UUID.randomUUID(), UUID.randomUUID().toString());
    }

    /** Creates a session that the node holds. */
    Outcome create(int index, SessionKey key) {
        return grid(index).sessions().apply(key, creation(node(index), key));
    }

    Change.Delta creation(String node, SessionKey key) {
        return new Change.Delta(
                node,
                1,
                operations.incrementAndGet(),
                true,
                times(),
                key.name(),
                MAX_INACTIVE_MS,
                Map.of(),
                Set.of(),
                Set.of());
    }

    /** Loads a session, as the node's holder from then on. */
    Outcome join(int index, SessionKey key) {
        return grid(index).sessions().apply(key, new Change.Join(node(index), 1, 0, null));
    }

    Change.Delta set(int index, String name, int value) {
        return new Change.Delta(
                node(index),
                1,
                operations.incrementAndGet(),
                false,
                times(),
                null,
                null,
                Map.of(name, new byte[] {(byte) value, (byte) (value >> 8)}),
                Set.of(),
                Set.of());
    }

    Times times() {
        long now = grid(0).clusterTime();
        return new Times(now, now, now, now, now);
    }

    @Override
    public void close() {
        for (int i = grids.size() - 1; i >= 0; i--) {
            grids.get(i).stop();
        }
        servers.forEach(HazelcastInstance::shutdown);
    }
}
