package dev.mooring.it;

import dev.mooring.nodes.HazelcastServer;
import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import dev.mooring.nodes.Ports;
import dev.mooring.testing.LogCheck;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Real Jetty nodes in one Hazelcast cluster of their own: random name, random free ports of the loopback address. They
 * are started at the same moment; the plain servers of {@link Mode#CLIENTS} before them. Not thread-safe.
 */
final class NodeCluster implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(120);

    /** What a node says of each other one that it meets. */
    private static final String MET = " has joined node ";

    private final String name = "it-" + UUID.randomUUID();
    private final Mode mode;
    private final List<Integer> serverPorts;

    /** Of those who are members for sure. */
    private List<String> addresses = List.of();

    private final List<HazelcastServer> servers = new ArrayList<>();
    private final List<JettyBase> bases = new ArrayList<>();
    /** The nodes by number; a restarted one takes the place of the one before it. */
    private final List<JettyNode> nodes = new ArrayList<>();
    /** Every process that was ever started here, for the check of the logs. */
    private final List<JettyNode> processes = new ArrayList<>();

    /** How many lines each process had logged when the first node was made to leave. */
    private final Map<JettyNode, Integer> quietLines = new HashMap<>();

    private final Set<String> sessionIds = ConcurrentHashMap.newKeySet();

    private NodeCluster(Mode mode) {
        this.mode = mode;
        this.serverPorts = freePorts(mode.servers());
    }

    /**
     * Lays out and starts {@code size} nodes, and returns when all have started and met each other: two that start at
     * the same moment may miss each other at first.
     *
     * @param name the first part of the directories' names; unique among test classes
     * @param mode which of the modules each base has
     * @param content what else is to be added to each node's base: modules and web applications
     */
    static NodeCluster start(String name, int size, Mode mode, Consumer<JettyBase.Builder> content) {
        return start(name, size, mode, content, base -> {});
    }

    /**
     * As {@link #start(String, int, Mode, Consumer)}, with {@code finish} called for each base before its node starts.
     */
    static NodeCluster start(
            String name, int size, Mode mode, Consumer<JettyBase.Builder> content, Consumer<JettyBase> finish) {
        var cluster = new NodeCluster(mode);
        List<Integer> ports = freePorts(size);
        List<Integer> known = switch (mode) {
            case MEMBERS -> ports;
            case CLIENTS, CLIENTS_OF_OLD_SERVERS -> cluster.serverPorts;
            case MIXED -> ports.subList(0, 1);
        };
        cluster.addresses = known.stream().map(port -> "127.0.0.1:" + port).toList();
        String addresses = String.join(",", cluster.addresses);
        try {
            cluster.startServers();
            for (int number = 0; number < size; number++) {
                var builder = JettyBase.in(Path.of(System.getProperty("mooring.work"), name + "-" + number))
                        .property("jetty.session.hazelcast.clusterName", cluster.name);
                mode.addTo(builder, number, ports.get(number), addresses);
                content.accept(builder);
                var base = builder.create();
                finish.accept(base);
                cluster.bases.add(base);
            }
            for (int i = 0; i < size; i++) {
                cluster.nodes.add(cluster.launch(i));
            }
            cluster.nodes.forEach(cluster::awaitTogether);
            return cluster;
        } catch (RuntimeException | AssertionError failure) {
            cluster.close();
            throw failure;
        }
    }

    /** The node with this number, counted from 0. */
    JettyNode node(int number) {
        return nodes.get(number);
    }

    /** Where a client of the Hazelcast cluster finds it. */
    List<String> addresses() {
        return addresses;
    }

    /** All nodes that are meant to run now. */
    List<JettyNode> nodes() {
        return List.copyOf(nodes);
    }

    /** Stops the node with this number as an operator does. */
    void stop(int number) {
        quietEnds();
        nodes.get(number).stop();
    }

    /** Kills the node with this number as a crash would. */
    void kill(int number) {
        quietEnds();
        nodes.get(number).kill();
    }

    /** Starts the nodes with these numbers again on their bases, after {@link #stop} or {@link #kill}. */
    void restart(int... numbers) {
        for (int number : numbers) {
            nodes.set(number, launch(number));
        }
        for (int number : numbers) {
            awaitTogether(nodes.get(number));
        }
    }

    private void awaitTogether(JettyNode node) {
        node.awaitStarted(START_LIMIT);
        long others =
                nodes.stream().filter(other -> other != node && other.isAlive()).count();
        var met = new AtomicInteger();
        if (others > 0) {
            node.awaitLog(
                    line -> line.contains(MET) && met.incrementAndGet() == others,
                    "together with " + others + " others",
                    START_LIMIT);
        }
    }

    /** A person who has been on none of the nodes yet. */
    Browser newBrowser() {
        return new Browser(sessionIds);
    }

    /** Many persons who have been on none of the nodes yet. */
    Crowd newCrowd() {
        return new Crowd(sessionIds);
    }

    /** The random name of the Hazelcast cluster. */
    String name() {
        return name;
    }

    /** Every process that was ever started here, in order. */
    List<JettyNode> processes() {
        return List.copyOf(processes);
    }

    /** Checks the logs of every process that was ever started here; call it when they have ended. */
    LogCheck logs() {
        Map<JettyNode, Integer> quiet = new LinkedHashMap<>();
        processes.forEach(process -> quiet.put(process, quietLines.getOrDefault(process, 0)));
        return LogCheck.of(name, Set.copyOf(sessionIds), quiet);
    }

    /** The plain servers; none where the nodes are members. */
    List<HazelcastServer> servers() {
        return List.copyOf(servers);
    }

    /** Suspends all threads of a node, as a long pause does. */
    void suspend(int number) {
        quietEnds();
        nodes.get(number).suspend();
    }

    /** Ends what {@link #suspend} began. */
    void resume(int number) {
        nodes.get(number).resume();
    }

    /** Kills one of the plain servers as a crash would. */
    void killServer(int number) {
        quietEnds();
        servers.get(number).kill();
    }

    /** Suspends all plain servers: they hang, and lose nothing. */
    void suspendServers() {
        quietEnds();
        servers.forEach(HazelcastServer::suspend);
    }

    /** Ends what {@link #suspendServers} began. */
    void resumeServers() {
        servers.forEach(HazelcastServer::resume);
    }

    /** From here on the plain servers suffer, by somebody else's hand. */
    void serversSuffer() {
        quietEnds();
    }

    /** Kills all plain servers: nothing is left of what was stored. */
    void killServers() {
        quietEnds();
        servers.forEach(HazelcastServer::kill);
    }

    /** Starts all plain servers anew, on the ports they had, after the test has ended their processes. */
    void startServers() {
        servers.clear();
        for (int port : serverPorts) {
            servers.add(HazelcastServer.launch(mode.serverVersion(), name, port, serverPorts));
        }
        servers.forEach(server -> server.awaitStarted(START_LIMIT));
        servers.forEach(server -> server.awaitMembers(servers.size(), START_LIMIT));
    }

    /** Stops all nodes, the first one last, and then the plain servers; the nodes' logs stay readable. */
    @Override
    public void close() {
        quietEnds();
        for (int i = processes.size() - 1; i >= 0; i--) {
            processes.get(i).close();
        }
        servers.forEach(HazelcastServer::kill);
    }

    private static List<Integer> freePorts(int count) {
        return IntStream.range(0, count).mapToObj(i -> Ports.free()).toList();
    }

    private void quietEnds() {
        if (quietLines.isEmpty()) {
            processes.forEach(process -> quietLines.put(process, process.log().size()));
        }
    }

    private JettyNode launch(int number) {
        var node = JettyNode.launch("node-" + number, bases.get(number));
        processes.add(node);
        return node;
    }
}
