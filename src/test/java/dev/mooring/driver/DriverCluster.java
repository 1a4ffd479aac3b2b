package dev.mooring.driver;

import com.hazelcast.core.Hazelcast;
import dev.mooring.nodes.HazelcastServer;
import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import dev.mooring.nodes.Ports;
import dev.mooring.testing.LogCheck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Three Jetty nodes with the web application {@code driver}, and what they keep their sessions in. Everything listens
 * on the loopback address, on random ports, in a cluster of a random name. Started and closed by one thread; the rest
 * is thread-safe.
 */
final class DriverCluster implements AutoCloseable {
    /** How many nodes there are. */
    static final int NODES = 3;

    /** Whose {@code sessionDestroyed} did not know its number. */
    static final int NOBODY = -1;

    private static final int SESSIONS_OF_A_RUN = 1_000_000;
    private static final int SERVERS = 2;
    private static final Pattern DESTROYED = Pattern.compile("driver: destroyed (\\d+|null)\\.");
    private static final Pattern WRITES = Pattern.compile("writes (\\d+)");
    private static final Pattern NOTICES = Pattern.compile("notices sent (\\d+)");
    private static final Duration START_LIMIT = Duration.ofSeconds(120);

    private final Mode mode;
    private final String directory;
    private final int backups;
    private final String name = "driver-" + UUID.randomUUID();
    private final List<Integer> ports =
            IntStream.range(0, NODES).mapToObj(i -> Ports.free()).toList();
    private final List<HazelcastServer> servers = new CopyOnWriteArrayList<>();
    private final List<JettyBase> bases = new ArrayList<>();

    /** The nodes by number; a restarted one takes the place of the one before it. */
    private final List<JettyNode> nodes = new CopyOnWriteArrayList<>();

    /** Every process that was ever started here. */
    private final List<JettyNode> processes = new CopyOnWriteArrayList<>();

    /** How many lines each process had logged when the first of them was made to leave. */
    private final Map<JettyNode, Integer> quietLines = new ConcurrentHashMap<>();

    private final Set<String> sessionIds = ConcurrentHashMap.newKeySet();
    private final AtomicInteger runs = new AtomicInteger();
    private final Set<JettyNode> killed = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Faults faults;

    /** Whether anything was broken on purpose so far. */
    private volatile boolean broken;

    private DriverCluster(Mode mode, String directory, int backups) {
        this.mode = mode;
        this.directory = directory;
        this.backups = backups;
    }

    /** Starts the nodes, and returns when they have found each other. Blocks. */
    static DriverCluster start(Mode mode, String directory) {
        return start(mode, directory, 1);
    }

    /**
     * The same with another number of backups.
     *
     * @param directory the first part of the directories' names; unique among test classes
     */
    static DriverCluster start(Mode mode, String directory, int backups) {
        var cluster = new DriverCluster(mode, directory, backups);
        try {
            cluster.start();
            return cluster;
        } catch (RuntimeException | Error failure) {
            cluster.close();
            throw failure;
        }
    }

    private void start() {
        switch (mode) {
            case MEMBER -> {
                IntStream.range(0, NODES).forEach(number -> launch(number, member(number, ports)));
                awaitNodes(NODES);
            }
            case CLIENT -> {
                // The servers have the ports of members that there are not.
                List<Integer> known = ports.subList(0, SERVERS);
                known.forEach(port -> servers.add(launchServer(port)));
                servers.forEach(server -> server.awaitStarted(START_LIMIT));
                servers.forEach(server -> server.awaitMembers(SERVERS, START_LIMIT));
                IntStream.range(0, NODES).forEach(number -> launch(number, client(number, known)));
                awaitNodes(0);
            }
            case MIXED -> {
                List<Integer> members = ports.subList(0, NODES - 1);
                IntStream.range(0, members.size()).forEach(number -> launch(number, member(number, members)));
                awaitNodes(members.size());
                launch(NODES - 1, client(NODES - 1, members));
                awaitNodes(0);
            }
            case STOCK_NULL_CACHE, STOCK_HASH_CACHE -> {
                IntStream.range(0, NODES).forEach(number -> launch(number, stock(number)));
                awaitNodes(NODES);
            }
        }
    }

    /** What the nodes use. */
    Mode mode() {
        return mode;
    }

    /** The name of the Hazelcast cluster. */
    String name() {
        return name;
    }

    /** An address of a Hazelcast member. */
    String address() {
        return "127.0.0.1:" + ports.get(0);
    }

    /** The nodes. */
    List<JettyNode> nodes() {
        return List.copyOf(nodes);
    }

    /** A number for the first session of a run, so that no two runs have a session in common. */
    int firstSessionOfNextRun() {
        return runs.getAndIncrement() * SESSIONS_OF_A_RUN;
    }

    /** The node with this number, as it runs now. */
    JettyNode node(int number) {
        return nodes.get(number);
    }

    /** The plain servers; none where the nodes are members. */
    List<HazelcastServer> servers() {
        return List.copyOf(servers);
    }

    /** What a plan says is to be broken, and is not yet. */
    Faults breaks(Plan plan) {
        if (!plan.faults().isEmpty()) {
            broken = true;
            quietEnds();
        }
        var begun = new Faults(this, plan);
        faults = begun;
        return begun;
    }

    /** Where every session id is added that a node gives. */
    Set<String> sessionIds() {
        return sessionIds;
    }

    private void quietEnds() {
        processes.forEach(
                process -> quietLines.putIfAbsent(process, process.log().size()));
    }

    /** Checks the logs of every process that was ever started here; call it when they have ended. */
    LogCheck logs() {
        Map<JettyNode, Integer> quiet = new LinkedHashMap<>();
        processes.forEach(process -> quiet.put(process, quietLines.getOrDefault(process, 0)));
        LogCheck check = LogCheck.of(name, sessionIds, quiet)
                .expecting(":d\\.WordEndpoint:.*Unhandled Error", "callers hang up, and the endpoint has no onError");
        if (broken) {
            check.expecting(":dm[gs]\\.", "nodes and servers were broken, and who needed them said so")
                    .expecting(
                            "(WARN|ERROR) ?:ch[a-z]*\\.", "Hazelcast says what it sees of that, long after it as well")
                    .expectingExceptions();
        }
        return check;
    }

    /** Whether a node is broken on purpose just now. */
    boolean isAway(int node) {
        Faults now = faults;
        return now != null && now.isAway(node);
    }

    /** Waits until nothing is broken on purpose. */
    void awaitCalm() throws InterruptedException {
        Faults now = faults;
        if (now != null) {
            now.awaitCalm();
        }
    }

    /** Longer than anything is broken. */
    Duration longestFault() {
        return faults == null ? Duration.ZERO : Duration.ofSeconds(45);
    }

    /** Kills a node as a crash would. */
    void kill(int number) {
        killed.add(nodes.get(number));
        nodes.get(number).kill();
    }

    /** Starts a node again on its base and port. Blocks until it has started. */
    void restart(int number) {
        nodes.set(number, launch(number));
        nodes.get(number).awaitStarted(START_LIMIT);
    }

    /** Starts a killed server again on its port. Blocks until it has found the others. */
    void restartServer(int number) {
        HazelcastServer server = launchServer(servers.get(number).port());
        servers.set(number, server);
        server.awaitStarted(START_LIMIT);
        server.awaitMembers(SERVERS, START_LIMIT);
    }

    /** How often {@code sessionDestroyed} ran so far, by number of the session. */
    Map<Integer, Checker.Destroyed> destroyed() {
        var destroyed = new HashMap<Integer, Checker.Destroyed>();
        for (JettyNode process : processes) {
            for (String line : process.log()) {
                Matcher matcher = DESTROYED.matcher(line);
                if (matcher.find()) {
                    destroyed.merge(
                            matcher.group(1).equals("null") ? NOBODY : Integer.valueOf(matcher.group(1)),
                            killed.contains(process) ? new Checker.Destroyed(0, 1) : new Checker.Destroyed(1, 0),
                            Checker.Destroyed::plus);
                }
            }
        }
        return destroyed;
    }

    /**
     * What the nodes that were stopped said of themselves at their end, added up; those that were killed said nothing.
     */
    Figures figures() {
        long writes = 0;
        long notices = 0;
        for (JettyNode process : processes) {
            writes += figure(process, WRITES);
            notices += figure(process, NOTICES);
        }
        return new Figures(writes, notices);
    }

    /**
     * Some of the figures of {@code Server.dump()}.
     *
     * @param writes changes that were stored
     * @param notices what other nodes were told
     */
    record Figures(long writes, long notices) {}

    private static long figure(JettyNode process, Pattern pattern) {
        return process.log().stream()
                .map(pattern::matcher)
                .filter(Matcher::find)
                .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
                .findFirst()
                .orElse(0);
    }

    @Override
    public void close() {
        quietEnds();
        // Clients before the members that they talk to.
        for (int i = nodes.size() - 1; i >= 0; i--) {
            nodes.get(i).close();
        }
        for (HazelcastServer server : servers) {
            server.close();
        }
    }

    private HazelcastServer launchServer(int port) {
        List<Integer> all = ports.subList(0, SERVERS);
        return HazelcastServer.launch(System.getProperty("mooring.hazelcast.newest"), name, port, all);
    }

    private void launch(int number, JettyBase.Builder base) {
        Path war = Path.of(System.getProperty("mooring.wars"), "driver.war");
        bases.add(base.modules("http", "ee10-deploy", "ee10-websocket-jakarta")
                .property("jetty.http.port", String.valueOf(Ports.free()))
                .war("driver", war)
                .create());
        nodes.add(launch(number));
    }

    private JettyNode launch(int number) {
        JettyNode node = JettyNode.launch("node-" + number, bases.get(number));
        processes.add(node);
        return node;
    }

    private void awaitNodes(int members) {
        for (JettyNode node : nodes) {
            node.awaitStarted(START_LIMIT);
            if (members > 0) {
                node.awaitLog(
                        line -> line.contains("Members {size:" + members), "in a cluster of " + members, START_LIMIT);
            }
        }
    }

    private JettyBase.Builder base(int number) {
        return JettyBase.in(work(directory + "-" + number));
    }

    private JettyBase.Builder mooring(int number) {
        return base(number)
                .property("jetty.session.hazelcast.clusterName", name)
                .property("jetty.server.dumpBeforeStop", "true");
    }

    private JettyBase.Builder member(int number, List<Integer> members) {
        return mooring(number)
                .modules("session-hazelcast")
                .property("jetty.session.hazelcast.port", String.valueOf(members.get(number)))
                .property("jetty.session.hazelcast.backupCount", String.valueOf(backups))
                .property("jetty.session.hazelcast.members", addresses(members));
    }

    private JettyBase.Builder client(int number, List<Integer> members) {
        return mooring(number)
                .modules("session-hazelcast-client")
                .property("jetty.session.hazelcast.addresses", addresses(members));
    }

    /**
     * A base with Jetty's own module as a person sets it up by hand: its Hazelcast is what the module would fetch, laid
     * where it would lie, and the configuration restricts it to the loopback address.
     */
    private JettyBase.Builder stock(int number) {
        Path template = work(directory + "-template-" + number);
        String cache = mode == Mode.STOCK_NULL_CACHE ? "session-cache-null" : "session-cache-hash";
        try {
            Path jar = Path.of(Hazelcast.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            String version = jar.getFileName().toString().replaceAll("hazelcast-(.*)\\.jar", "$1");
            Files.createDirectories(template.resolve("lib/hazelcast"));
            Files.createDirectories(template.resolve("start.d"));
            Files.createDirectories(template.resolve("etc"));
            Files.copy(
                    jar,
                    template.resolve("lib/hazelcast").resolve(jar.getFileName()),
                    StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(template.resolve("etc/hazelcast.xml"), hazelcastXml(number));
            Files.writeString(template.resolve("start.d/stock.ini"), String.format(Locale.ROOT, """
                    --modules=%s,session-store-hazelcast-embedded
                    hazelcast.version=%s
                    jetty.session.hazelcast.mapName=stock-sessions
                    jetty.session.hazelcast.hazelcastInstanceName=stock
                    jetty.session.hazelcast.configurationLocation=etc/hazelcast.xml
                    """, cache, version));
        } catch (IOException failure) {
            throw new UncheckedIOException("template " + template + ": cannot be laid out", failure);
        } catch (URISyntaxException failure) {
            throw new IllegalStateException("Hazelcast's jar is nowhere", failure);
        }
        return base(number).template(template);
    }

    private String hazelcastXml(int number) {
        String members = ports.stream()
                .map(port -> "<member>127.0.0.1:" + port + "</member>")
                .collect(Collectors.joining());
        return String.format(Locale.ROOT, """
                <?xml version="1.0" encoding="UTF-8"?>
                <hazelcast xmlns="http://www.hazelcast.com/schema/config">
                  <cluster-name>%s</cluster-name>
                  <properties>
                    <property name="hazelcast.phone.home.enabled">false</property>
                    <property name="hazelcast.socket.bind.any">false</property>
                    <property name="hazelcast.logging.type">slf4j</property>
                  </properties>
                  <network>
                    <port auto-increment="false">%d</port>
                    <join>
                      <auto-detection enabled="false"/>
                      <multicast enabled="false"/>
                      <tcp-ip enabled="true">%s</tcp-ip>
                    </join>
                    <interfaces enabled="true"><interface>127.0.0.1</interface></interfaces>
                  </network>
                  <serialization>
                    <serializers>
                      <serializer type-class="org.eclipse.jetty.session.SessionData"
                          class-name="org.eclipse.jetty.hazelcast.session.SessionDataSerializer"/>
                    </serializers>
                  </serialization>
                </hazelcast>
                """, name, ports.get(number), members);
    }

    private static String addresses(List<Integer> members) {
        return members.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    private static Path work(String directory) {
        return Path.of(System.getProperty("mooring.work"), directory);
    }
}
