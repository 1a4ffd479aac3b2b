package dev.mooring.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.mooring.MooringModule;
import dev.mooring.nodes.HazelcastServer;
import dev.mooring.nodes.Ports;
import dev.mooring.session.LiveSessionCache;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.Session;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.session.ManagedSession;
import org.eclipse.jetty.session.SessionCache;
import org.eclipse.jetty.session.SessionHandler;

/**
 * What do sessions cost that nobody uses, and how fast do they end that are due together? Two Jetty servers in this
 * JVM, first as members of one cluster over the loopback address, then as clients of two plain Hazelcast servers, which
 * are processes of their own. Prints the CPU time of this JVM without and with idle sessions, and when the last of many
 * sessions with one deadline had ended.
 *
 * <p>Arguments, each optional: the number of idle sessions, and that of those that expire together,
 * where 0 leaves that out; and {@code members} or {@code clients} for only these.
 */
public final class ManySessions {
    private static final int IDLE = 100_000;
    private static final int TOGETHER = 5_000;

    /** The first one in a JVM that has compiled nothing of it. */
    private static final int ROUNDS = 2;

    private static final int EVICTED_AFTER_SECONDS = 1;
    private static final Duration WATCHED = Duration.ofSeconds(20);

    /** CPU milliseconds per second by which two looks in a row may differ once all is settled. */
    private static final double SETTLED = 2;

    private static final Duration LONGEST_SETTLING = Duration.ofMinutes(4);
    private static final Duration PREPARED = Duration.ofSeconds(20);
    private static final long SEED = 1;

    private final List<Server> servers = new ArrayList<>();
    private final List<LiveSessionCache> caches = new ArrayList<>();
    private final Queue<Long> ends = new ConcurrentLinkedQueue<>();
    private volatile CountDownLatch toEnd = new CountDownLatch(0);

    private final List<HazelcastServer> grid = new ArrayList<>();
    private final boolean clients;

    private ManySessions(boolean clients) {
        this.clients = clients;
    }

    /** Runs it and prints three lines for members, and for clients. */
    public static void main(String[] arguments) throws Exception {
        int idle = arguments.length > 0 ? Integer.parseInt(arguments[0]) : IDLE;
        int together = arguments.length > 1 ? Integer.parseInt(arguments[1]) : TOGETHER;
        List<String> roles = arguments.length > 2 ? List.of(arguments[2]) : List.of("members", "clients");
        for (String role : roles) {
            ManySessions bench = new ManySessions(role.equals("clients"));
            try {
                bench.start();
                if (together > 0) {
                    for (int round = 0; round < ROUNDS; round++) {
                        bench.expire(together, false, false);
                        bench.expire(together, true, false);
                        bench.expire(together, false, true);
                    }
                }
                if (idle > 0) {
                    bench.idle(idle);
                }
            } finally {
                bench.stop();
            }
        }
    }

    private void stop() throws Exception {
        for (Server server : servers) {
            server.stop();
        }
        grid.forEach(HazelcastServer::kill);
    }

    private void start() throws Exception {
        String cluster = "bench-" + UUID.randomUUID();
        List<Integer> ports = List.of(Ports.free(), Ports.free());
        String addresses = ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
        if (clients) {
            for (int port : ports) {
                grid.add(HazelcastServer.launch(System.getProperty("mooring.hazelcast.newest"), cluster, port, ports));
            }
            grid.forEach(server -> server.awaitStarted(PREPARED));
        }
        for (int port : ports) {
            Server server = new Server();
            MooringModule module = new MooringModule(server);
            module.setClusterName(cluster);
            if (clients) {
                module.useClient();
                module.setAddresses(addresses);
            } else {
                module.setPort(String.valueOf(port));
                module.setMembers(addresses);
            }
            server.addBean(module);
            SessionHandler sessions = new SessionHandler() {
                @Override
                public void onSessionDestroyed(Session session) {
                    ends.add(System.nanoTime());
                    toEnd.countDown();
                }
            };
            ContextHandler context = new ContextHandler("/bench");
            context.setHandler(sessions);
            server.setHandler(context);
            server.start();
            servers.add(server);
            caches.add((LiveSessionCache) sessions.getSessionCache());
        }
    }

    private void expire(int sessions, boolean heldByBoth, boolean evicted) throws Exception {
        caches.forEach(cache -> cache.setEvictionPolicy(evicted ? EVICTED_AFTER_SECONDS : SessionCache.NEVER_EVICT));
        ends.clear();
        toEnd = new CountDownLatch(sessions);
        long deadline = System.nanoTime() + PREPARED.toNanos();
        for (int i = 0; i < sessions; i++) {
            String id = UUID.randomUUID().toString();
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            create(caches.get(i % 2), id, left);
            if (heldByBoth) {
                LiveSessionCache other = caches.get(1 - i % 2);
                // Not entered: that would be a use.
                other.exists(id);
            }
        }
        long left = deadline - System.nanoTime();
        if (left < 0) {
            throw new IllegalStateException("not ready in " + PREPARED);
        }
        pause(Duration.ofNanos(left));
        long cpu = cpuMillis();
        boolean all = toEnd.await(30, TimeUnit.SECONDS);
        pause(Duration.ofSeconds(2));
        cpu = cpuMillis() - cpu;
        long first = ends.stream().mapToLong(Long::longValue).min().orElse(0) - deadline;
        long last = ends.stream().mapToLong(Long::longValue).max().orElse(0) - deadline;
        System.out.printf(
                Locale.ROOT,
                "As %s: %d sessions%s due together: %d ended%s, the first %d ms and the last %d ms after the deadline (wanted: at most 1000), with %d ms CPU of this JVM, tombstones included%n",
                role(),
                sessions,
                heldByBoth ? ", each held by both nodes," : evicted ? ", evicted," : "",
                ends.size(),
                all ? "" : ", not all",
                TimeUnit.NANOSECONDS.toMillis(first),
                TimeUnit.NANOSECONDS.toMillis(last),
                cpu);
    }

    private void idle(int sessions) throws Exception {
        caches.forEach(cache -> cache.setEvictionPolicy(SessionCache.NEVER_EVICT));
        double before = settledCpuMillisPerSecond();
        Random random = new Random(SEED);
        for (int i = 0; i < sessions; i++) {
            create(
                    caches.get(i % 2),
                    UUID.randomUUID().toString(),
                    Duration.ofHours(1).toMillis() + random.nextInt(3_600_000));
        }
        double after = settledCpuMillisPerSecond();
        System.out.printf(
                Locale.ROOT,
                "As %s: two nodes without sessions: %.1f ms CPU per second; with %d idle ones: %.1f; more: %.1f (wanted: at most 20)%n",
                role(),
                before,
                sessions,
                after,
                after - before);
    }

    private String role() {
        return clients ? "clients" : "members";
    }

    private static void create(LiveSessionCache cache, String id, long maxInactiveMs) throws Exception {
        ManagedSession session = cache.newSession(id, System.currentTimeMillis(), maxInactiveMs);
        session.setExtendedId(id);
        cache.add(id, session);
        session.setAttribute("who", "nobody");
        cache.release(session);
    }

    /**
     * What a JVM compiles that has just started, or has just had much to do, costs more than all that is measured here.
     */
    private static double settledCpuMillisPerSecond() {
        long limit = System.nanoTime() + LONGEST_SETTLING.toNanos();
        double last = Double.MAX_VALUE;
        for (double now = cpuMillisPerSecond(); ; now = cpuMillisPerSecond()) {
            if (last - now < SETTLED || System.nanoTime() - limit > 0) {
                return Math.min(last, now);
            }
            last = now;
        }
    }

    private static double cpuMillisPerSecond() {
        System.gc();
        long cpu = cpuNanos();
        long time = System.nanoTime();
        pause(WATCHED);
        return 1e3 * (cpuNanos() - cpu) / (System.nanoTime() - time);
    }

    private static long cpuMillis() {
        return TimeUnit.NANOSECONDS.toMillis(cpuNanos());
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static void pause(Duration duration) {
        CountDownLatch never = new CountDownLatch(1);
        try {
            never.await(duration.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
