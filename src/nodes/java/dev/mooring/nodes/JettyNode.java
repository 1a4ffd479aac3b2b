package dev.mooring.nodes;

import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * One Jetty node: a {@code java -jar start.jar} process on a {@link JettyBase}, its HTTP port, its output. Thread-safe.
 * The process ends with this JVM: a shutdown hook stops what still runs, and kills what does not stop.
 */
public final class JettyNode implements AutoCloseable {

    /** Part of the line that Jetty prints when the server and its web applications are up. */
    private static final String STARTED = "Started oejs.Server@";

    /** Small and quick to start; measured as the best of the usual choices for nodes that live for seconds. */
    private static final List<String> JVM_OPTIONS =
            List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true");

    private final JettyBase base;
    private final int httpPort;
    private final NodeProcess process;

    private JettyNode(JettyBase base, int httpPort, NodeProcess process) {
        this.base = base;
        this.httpPort = httpPort;
        this.process = process;
    }

    /**
     * Starts a node and returns at once. It listens on 127.0.0.1 and a free port, unless the base sets
     * {@code jetty.http.host} or {@code jetty.http.port}. Inside the node the system property {@code node.name} is
     * {@code name}. What it prints is kept for {@link #log()} and in {@code node.log} of the base.
     *
     * @throws UncheckedIOException if the process cannot be started
     */
    public static JettyNode launch(String name, JettyBase base) {
        String port = Objects.requireNonNullElseGet(base.property("jetty.http.port"), () -> "" + Ports.free());
        String host = Objects.requireNonNullElse(base.property("jetty.http.host"), "127.0.0.1");
        var command = new ArrayList<String>();
        command.add(NodeProcess.javaCommand());
        command.addAll(JVM_OPTIONS);
        command.add("-Dnode.name=" + name);
        command.addAll(base.jvmOptions());
        command.addAll(List.of("-jar", base.home().resolve("start.jar").toString()));
        command.addAll(List.of("jetty.home=" + base.home(), "jetty.base=" + base.directory()));
        command.addAll(base.startOptions());
        command.addAll(List.of("jetty.http.host=" + host, "jetty.http.port=" + port));
        var process = NodeProcess.launch(
                name, command, base.directory(), base.directory().resolve("node.log"));
        return new JettyNode(base, Integer.parseInt(port), process);
    }

    /**
     * Waits until Jetty says that it has started.
     *
     * @return this node
     * @throws IllegalStateException if it ends, or is not up within {@code limit}; the message carries the log's tail
     */
    public JettyNode awaitStarted(Duration limit) {
        awaitLog(line -> line.contains(STARTED), "started", limit);
        return this;
    }

    /**
     * Waits for a line of the log, also one that has been printed already.
     *
     * @param what what the line says, for the message of the exception
     * @return the first such line
     * @throws IllegalStateException if the node ends, or prints no such line within {@code limit}
     */
    public String awaitLog(Predicate<String> wanted, String what, Duration limit) {
        return process.awaitLog(wanted, what, limit);
    }

    /** The name given at {@link #launch}. */
    public String name() {
        return process.name();
    }

    /** The base that this node runs on. */
    public JettyBase base() {
        return base;
    }

    /** The port of this node's HTTP connector, known before it listens. */
    public int httpPort() {
        return httpPort;
    }

    /** A URI of this node; {@code path} starts with a slash. */
    public URI http(String path) {
        return URI.create("http://127.0.0.1:" + httpPort + path);
    }

    /** A WebSocket URI of this node; {@code path} starts with a slash. */
    public URI ws(String path) {
        return URI.create("ws://127.0.0.1:" + httpPort + path);
    }

    /** The process id of the JVM in which Jetty runs. */
    public long pid() {
        return process.pid();
    }

    /** Waits without limit until the process ends, whoever ends it. */
    public void awaitEnd() throws InterruptedException {
        process.awaitEnd();
    }

    /** Whether the process runs; a suspended one does. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** All lines so far, standard output and error as they came. A copy. */
    public List<String> log() {
        return process.log();
    }

    /**
     * Stops the node as an operator does, with SIGTERM, and waits for its end; does nothing where it has ended already.
     * A suspended node is resumed first.
     *
     * @throws IllegalStateException if it has not ended after 40 s: it is killed then
     */
    public void stop() {
        process.stop();
    }

    /** Kills the process with SIGKILL, as a crash would, and waits for its end. */
    public void kill() {
        process.kill();
    }

    /** Suspends all threads of the process with SIGSTOP: what a long pause of the machine looks like to others. */
    public void suspend() {
        process.signal("STOP");
    }

    /** Ends what {@link #suspend} began. */
    public void resume() {
        process.signal("CONT");
    }

    /** The same as {@link #stop()}. */
    @Override
    public void close() {
        stop();
    }

    /** The node's name, process and port. */
    @Override
    public String toString() {
        return "node " + name() + " (pid " + pid() + ", port " + httpPort + ")";
    }
}
