package dev.mooring.nodes;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The demo: two Jetty nodes on this machine, the demo WAR on both, one cluster; runs until Ctrl-C. System properties
 * choose other ports ({@code demo.httpPorts=8080,8081}, {@code demo.hazelcastPorts=5701,5702}) and, for the build, the
 * places: {@code mooring.jettyHome}, {@code mooring.zip}, {@code mooring.wars}, {@code mooring.basedir}.
 */
public final class TwoNodes {

    private static final List<String> NAMES = List.of("A", "B");
    private static final Duration START_LIMIT = Duration.ofSeconds(120);
    private static final Duration CLUSTER_LIMIT = Duration.ofSeconds(60);

    /**
     * What a node of a cluster of two logs: the module's line at the start, or Hazelcast's when another member came
     * later.
     */
    private static final Pattern TWO_MEMBERS = Pattern.compile("members 2\\b|Members \\{size:2\\b");

    /** Not {@code System.out}: the output of a shutdown hook must not pass through a Maven that is half gone. */
    private final PrintStream out =
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

    private final Path basedir =
            Path.of(System.getProperty("mooring.basedir", ".")).toAbsolutePath().normalize();
    private final List<Integer> httpPorts = ports("demo.httpPorts", "8080,8081");
    private final List<Integer> hazelcastPorts = ports("demo.hazelcastPorts", "5701,5702");
    private final List<JettyNode> nodes = new CopyOnWriteArrayList<>();
    private final long began = System.nanoTime();

    /** False, then true for good once the nodes are being stopped, so that their end is no surprise. */
    private volatile boolean stopping;

    private TwoNodes() {}

    /** Runs the demo; ends the JVM with 1 where a port is taken, or a node does not start or ends by itself. */
    public static void main(String... args) throws InterruptedException {
        var console = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        try {
            new TwoNodes().run();
        } catch (IllegalStateException | IllegalArgumentException failure) {
            console.println();
            console.println(failure.getMessage());
            System.exit(1);
        } catch (UncheckedIOException failure) {
            console.println();
            console.println(failure.getMessage() + ": " + failure.getCause());
            System.exit(1);
        }
    }

    private void run() throws InterruptedException {
        checkPorts();
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "mooring-demo-shutdown"));

        say("Laying out two bases from jetty-base in "
                + basedir.relativize(directory("A").getParent()));
        List<JettyBase> bases = NAMES.stream().map(this::base).toList();
        say("Starting node A (HTTP " + httpPorts.get(0) + ", Hazelcast " + hazelcastPorts.get(0) + ") and node B (HTTP "
                + httpPorts.get(1) + ", Hazelcast " + hazelcastPorts.get(1) + ")");
        for (int i = 0; i < NAMES.size(); i++) {
            nodes.add(JettyNode.launch(NAMES.get(i), bases.get(i)));
        }
        for (JettyNode node : nodes) {
            node.awaitStarted(START_LIMIT);
            say("Node " + node.name() + " is up");
        }
        for (JettyNode node : nodes) {
            node.awaitLog(line -> TWO_MEMBERS.matcher(line).find(), "in a cluster of two", CLUSTER_LIMIT);
        }
        say("Both nodes form one cluster");

        out.println();
        out.println("  Open one of   " + urls());
        out.println("  Log files     "
                + nodes.stream()
                        .map(node -> basedir.relativize(node.base().directory().resolve("node.log")))
                        .map(Path::toString)
                        .collect(Collectors.joining("  ")));
        out.println("  Ctrl-C stops both nodes.");
        out.println();
        awaitEndOfAny();
    }

    /** Never returns: a node that ends before the JVM does is a failure. */
    private void awaitEndOfAny() throws InterruptedException {
        var ended = new LinkedBlockingQueue<JettyNode>();
        for (JettyNode node : nodes) {
            var waiter = new Thread(
                    () -> {
                        try {
                            node.awaitEnd();
                            ended.add(node);
                        } catch (InterruptedException interrupt) {
                            Thread.currentThread().interrupt();
                        }
                    },
                    "mooring-demo-wait-" + node.name());
            waiter.setDaemon(true);
            waiter.start();
        }
        JettyNode first = ended.take();
        if (stopping) {
            // Maven would go on, and close the class loader that the shutdown hook still needs.
            new CountDownLatch(1).await();
        }
        throw new IllegalStateException("Node " + first.name() + " ended by itself; see "
                + first.base().directory().resolve("node.log"));
    }

    private JettyBase base(String name) {
        int index = NAMES.indexOf(name);
        return JettyBase.in(directory(name))
                .template(basedir.resolve("jetty-base"))
                .property("jetty.http.port", httpPorts.get(index).toString())
                .property(
                        "jetty.session.hazelcast.port",
                        hazelcastPorts.get(index).toString())
                .property("jetty.session.hazelcast.members", loopback(hazelcastPorts))
                .war(
                        "demo",
                        Path.of(System.getProperty(
                                        "mooring.wars",
                                        basedir.resolve("target/wars").toString()))
                                .resolve("demo.war"))
                .jvmOptions("-Ddemo.nodes=A=" + httpPorts.get(0) + ",B=" + httpPorts.get(1))
                .create();
    }

    private Path directory(String name) {
        return basedir.resolve("target/demo/node-" + name.toLowerCase(Locale.ROOT));
    }

    private static String loopback(List<Integer> ports) {
        return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    private String urls() {
        return httpPorts.stream()
                .map(port -> "http://localhost:" + port + "/demo/")
                .collect(Collectors.joining("   "));
    }

    private void checkPorts() {
        String taken = allPorts().stream()
                .filter(port -> !Ports.isFree(port))
                .map(port -> "127.0.0.1:" + port)
                .collect(Collectors.joining(", "));
        if (!taken.isEmpty()) {
            throw new IllegalStateException("The demo cannot start: another program listens on " + taken + ".\n"
                    + "Stop that program, or choose other ports, for example:\n"
                    + "  mvn -Pdemo -Ddemo.httpPorts=9080,9081 -Ddemo.hazelcastPorts=6701,6702");
        }
    }

    private List<Integer> allPorts() {
        var all = new ArrayList<>(httpPorts);
        all.addAll(hazelcastPorts);
        return all;
    }

    private static List<Integer> ports(String property, String standard) {
        String value = System.getProperty(property, standard);
        try {
            List<Integer> ports = Arrays.stream(value.split(","))
                    .map(String::trim)
                    .map(Integer::valueOf)
                    .distinct()
                    .toList();
            if (ports.size() == NAMES.size() && ports.stream().allMatch(port -> port > 0 && port < 65_536)) {
                return ports;
            }
        } catch (NumberFormatException notNumbers) {
            throw new IllegalArgumentException(badPorts(property, value), notNumbers);
        }
        throw new IllegalArgumentException(badPorts(property, value));
    }

    private static String badPorts(String property, String value) {
        return property + "=" + value + ": expected two different ports between 1 and 65535, such as 8080,8081";
    }

    /** The shutdown hook. */
    private void stop() {
        stopping = true;
        if (nodes.isEmpty()) {
            return;
        }
        out.println();
        say("Stopping both nodes");
        var stops = nodes.stream()
                .map(node -> new Thread(() -> stop(node), "mooring-demo-stop-" + node.name()))
                .toList();
        stops.forEach(Thread::start);
        try {
            for (Thread stop : stops) {
                stop.join();
            }
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
        }
        String alive = nodes.stream()
                .filter(JettyNode::isAlive)
                .map(JettyNode::toString)
                .collect(Collectors.joining(", "));
        String taken = allPorts().stream()
                .filter(port -> !Ports.isFree(port))
                .map(String::valueOf)
                .collect(Collectors.joining(", "));
        say(
                alive.isEmpty() && taken.isEmpty()
                        ? "Both nodes have stopped; no process is left, all ports are free"
                        : "Left over: processes [" + alive + "], ports [" + taken + "]");
    }

    private void stop(JettyNode node) {
        try {
            node.stop();
        } catch (IllegalStateException killed) {
            say(String.valueOf(killed.getMessage()));
        }
    }

    private void say(String what) {
        out.printf(Locale.ROOT, "[%5.1f s] %s%n", (System.nanoTime() - began) / 1e9, what);
    }
}
