package dev.mooring.nodes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A JVM that was started here, what it prints, and its end. Thread-safe. It ends with this JVM: a shutdown hook stops
 * what still runs, and kills what does not stop.
 */
final class NodeProcess {

    /** Longer than Jetty's own stop timeout and a graceful leave of the cluster together. */
    private static final Duration STOP_LIMIT = Duration.ofSeconds(40);

    private static final int TAIL_LINES = 60;

    private static final Set<NodeProcess> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(NodeProcess::endAll, "mooring-nodes-shutdown"));
    }

    private final String name;
    private final Path logFile;
    private final Process process;

    /** Whether the last signal was STOP: a suspended process hears no request to stop. */
    private volatile boolean suspended;

    private final Thread reader;

    /** Guards what the process has printed; notified at each change of it. */
    private final Object outputLock = new Object();

    /** What the process printed so far, in order. */
    @GuardedBy("outputLock")
    private final List<String> lines = new ArrayList<>();

    /** False, then true for good once the process has closed its output. */
    @GuardedBy("outputLock")
    private boolean outputEnded;

    private NodeProcess(String name, Path logFile, Process process) {
        this.name = name;
        this.logFile = logFile;
        this.process = process;
        this.reader = new Thread(this::readOutput, "mooring-log-" + name);
        this.reader.setDaemon(true);
    }

    /**
     * Starts a process and returns at once.
     *
     * @param name what messages call it
     * @param command the program and its arguments
     * @param directory where it runs
     * @param logFile gets what it prints, behind what others have printed there
     * @throws UncheckedIOException if it cannot be started
     */
    static NodeProcess launch(String name, List<String> command, Path directory, Path logFile) {
        try {
            var process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
            var node = new NodeProcess(name, logFile, process);
            RUNNING.add(node);
            node.reader.start();
            return node;
        } catch (IOException failure) {
            throw new UncheckedIOException("node " + name + ": cannot be started", failure);
        }
    }

    /** The {@code java} that runs this JVM. */
    static String javaCommand() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** See {@link JettyNode#awaitLog}. */
    String awaitLog(Predicate<String> wanted, String what, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        int seen = 0;
        synchronized (outputLock) {
            while (true) {
                for (; seen < lines.size(); seen++) {
                    if (wanted.test(lines.get(seen))) {
                        return lines.get(seen);
                    }
                }
                long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (outputEnded) {
                    throw new IllegalStateException("node " + name + ": ended, not " + what + tail());
                }
                if (leftMillis <= 0) {
                    throw new IllegalStateException("node " + name + ": not " + what + " after " + limit + tail());
                }
                try {
                    outputLock.wait(leftMillis);
                } catch (InterruptedException interrupt) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("node " + name + ": interrupted, not " + what, interrupt);
                }
            }
        }
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    /** Waits without limit until the process ends, whoever ends it. */
    void awaitEnd() throws InterruptedException {
        process.waitFor();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** All lines so far; a copy. */
    List<String> log() {
        synchronized (outputLock) {
            return List.copyOf(lines);
        }
    }

    /** See {@link JettyNode#stop}. */
    void stop() {
        if (process.isAlive()) {
            if (suspended) {
                signal("CONT");
            }
            process.toHandle().destroy();
        }
        if (!hasEndedWithin(STOP_LIMIT)) {
            String tail = tail();
            kill();
            throw new IllegalStateException("node " + name + ": did not stop within " + STOP_LIMIT + ", killed" + tail);
        }
        ended();
    }

    /** See {@link JettyNode#kill}. */
    void kill() {
        process.toHandle().destroyForcibly();
        if (!hasEndedWithin(STOP_LIMIT)) {
            throw new IllegalStateException("node " + name + ": survived SIGKILL for " + STOP_LIMIT);
        }
        ended();
    }

    /** Sends {@code STOP} or {@code CONT}. */
    void signal(String signal) {
        suspended = signal.equals("STOP");
        try {
            var kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (kill.waitFor() != 0 && process.isAlive()) {
                throw new IllegalStateException("node " + name + ": kill -" + signal + " failed");
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("node " + name + ": kill -" + signal + " failed", failure);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("node " + name + ": interrupted in kill -" + signal, interrupt);
        }
    }

    private boolean hasEndedWithin(Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupt) {
            process.toHandle().destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("node " + name + ": interrupted while it stopped, killed", interrupt);
        }
    }

    /** After the process: waits for its last lines, so that {@link #log()} is complete. */
    private void ended() {
        RUNNING.remove(this);
        try {
            reader.join(STOP_LIMIT.toMillis());
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
        }
    }

    private void readOutput() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
                BufferedWriter copy =
                        Files.newBufferedWriter(logFile, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                add(line);
                copy.write(line);
                copy.newLine();
                copy.flush();
            }
        } catch (IOException failure) {
            add("node " + name + ": no more output read: " + failure);
        } finally {
            synchronized (outputLock) {
                outputEnded = true;
                outputLock.notifyAll();
            }
        }
    }

    private void add(String line) {
        synchronized (outputLock) {
            lines.add(line);
            outputLock.notifyAll();
        }
    }

    private String tail() {
        List<String> all = log();
        List<String> last = all.subList(Math.max(0, all.size() - TAIL_LINES), all.size());
        return "; its last lines:\n  " + String.join("\n  ", last);
    }

    /** The shutdown hook: asks all at once, so that the JVM's end takes as long as one node's. */
    private static void endAll() {
        for (NodeProcess node : RUNNING) {
            node.process.toHandle().destroy();
        }
        for (NodeProcess node : RUNNING) {
            try {
                if (!node.process.waitFor(10, TimeUnit.SECONDS)) {
                    node.process.toHandle().destroyForcibly();
                }
            } catch (InterruptedException interrupt) {
                node.process.toHandle().destroyForcibly();
            }
        }
    }
}
