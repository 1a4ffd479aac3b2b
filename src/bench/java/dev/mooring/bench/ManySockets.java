package dev.mooring.bench;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import com.hazelcast.core.HazelcastInstance;
import dev.mooring.nodes.JettyBase;
import dev.mooring.nodes.JettyNode;
import dev.mooring.nodes.Ports;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;

/**
 * What does an idle WebSocket cost, and what do many leave behind? One node with this module and one Jetty with its own
 * sessions in memory, the same web application on both. Prints the heap that each idle WebSocket takes on either; and
 * for the node with the module what it holds before and after many WebSockets were opened and closed over some
 * sessions.
 *
 * <p>Arguments, each optional: the number of idle WebSockets, and that of those opened and closed.
 */
public final class ManySockets {
    private static final int IDLE = 10_000;
    private static final int CHURN = 200_000;
    private static final int SESSIONS = 100;
    private static final int SOURCES = 40;
    private static final int CLIENTS = 4;
    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    private final JettyNode node;
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<String> cookies = new ArrayList<>();

    private ManySockets(JettyNode node) {
        this.node = node;
    }

    /** Runs it and prints five lines, and one for each kind of thread of which there are more in the end. */
    public static void main(String[] arguments) throws Exception {
        int idle = arguments.length > 0 ? Integer.parseInt(arguments[0]) : IDLE;
        int churn = arguments.length > 1 ? Integer.parseInt(arguments[1]) : CHURN;
        String cluster = "bench-" + UUID.randomUUID();
        int port = Ports.free();
        try (JettyNode stock = start("stock", "session-cache-hash", cluster, port)) {
            double bytes = new ManySockets(stock).idle(idle);
            System.out.printf(
                    Locale.ROOT, "%d idle WebSockets on Jetty's own sessions: %.0f bytes each%n", idle, bytes);
            try (JettyNode ours = start("ours", "session-hazelcast", cluster, port)) {
                double more = new ManySockets(ours).idle(idle);
                System.out.printf(
                        Locale.ROOT,
                        "%d idle WebSockets with this module: %.0f bytes each, %.0f more (wanted: at most 1024)%n",
                        idle,
                        more,
                        more - bytes);
            }
        }
        try (JettyNode ours = start("churned", "session-hazelcast", cluster, port)) {
            HazelcastInstance client = HazelcastClient.newHazelcastClient(client(cluster, port));
            try {
                new ManySockets(ours).churn(churn, client);
            } finally {
                client.shutdown();
            }
        }
    }

    private static ClientConfig client(String cluster, int port) {
        ClientConfig config = new ClientConfig().setClusterName(cluster);
        config.getNetworkConfig().addAddress("127.0.0.1:" + port);
        return config;
    }

    private static JettyNode start(String name, String module, String cluster, int port) {
        JettyBase base = JettyBase.in(Path.of(System.getProperty("mooring.work"), "bench-" + name))
                .modules("http", "ee10-deploy", "ee10-websocket-jakarta", "demo-realm", "jmx", module)
                .property("jetty.session.hazelcast.clusterName", cluster)
                .property("jetty.session.hazelcast.port", String.valueOf(port))
                .property("jetty.session.hazelcast.members", "127.0.0.1:" + port)
                .property("jetty.http.idleTimeout", "600000")
                .war("sockets", Path.of(System.getProperty("mooring.wars"), "sockets.war"))
                .jvmOptions("-Xmx512m")
                .create();
        return JettyNode.launch(name, base).awaitStarted(START_LIMIT);
    }

    /** The bytes of heap that each of so many idle WebSockets takes. */
    private double idle(int count) throws Exception {
        openSessions();
        closeOne(0);
        long before = number("heap");
        var sockets = new ArrayList<Socket>();
        for (int i = 0; i < count; i++) {
            sockets.add(open(i));
        }
        long after = number("heap");
        for (Socket socket : sockets) {
            socket.close();
        }
        return (double) (after - before) / count;
    }

    private void churn(int count, HazelcastInstance client) throws Exception {
        openSessions();
        closeMany(5_000);
        System.out.println("before: " + state(client));
        Map<String, Long> threads = threads();
        long start = System.nanoTime();
        closeMany(count);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                Locale.ROOT, "%d WebSockets opened and closed over %d sessions in %.0f s%n", count, SESSIONS, seconds);
        System.out.println("after:  " + state(client));
        Map<String, Long> now = threads();
        now.forEach((name, threadsNow) -> {
            long more = threadsNow - threads.getOrDefault(name, 0L);
            if (more > 0) {
                System.out.printf(Locale.ROOT, "threads that came: %d of %s, %d in all%n", more, name, threadsNow);
            }
        });
    }

    /** How many threads the node has of each name, their numbers aside. */
    private Map<String, Long> threads() throws Exception {
        return ask("threads")
                .body()
                .lines()
                .collect(Collectors.groupingBy(
                        name -> name.replaceAll("[0-9]+", "N"), TreeMap::new, Collectors.counting()));
    }

    private String state(HazelcastInstance client) throws Exception {
        while (number("mbean webSockets") > 0) {
            Thread.onSpinWait();
        }
        return String.format(
                Locale.ROOT,
                "heap %d KiB, threads %d, WebSockets %d, sessions %d, handles %d, Hazelcast objects %d, entries %d",
                number("heap") >> 10,
                threads().values().stream().mapToLong(Long::longValue).sum(),
                number("mbean webSockets"),
                number("mbean sessions"),
                number("mbean handles"),
                client.getDistributedObjects().size(),
                client.getMap("jetty-sessions").size());
    }

    private void openSessions() throws Exception {
        for (int i = 0; i < SESSIONS; i++) {
            HttpResponse<String> response = ask("open");
            cookies.add(
                    response.headers().firstValue("Set-Cookie").orElseThrow().split(";")[0]);
        }
    }

    private void closeMany(int count) throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int client = 0; client < CLIENTS; client++) {
                int first = client;
                done.add(clients.submit(() -> {
                    for (int i = first; i < count; i += CLIENTS) {
                        closeOne(i);
                    }
                    return null;
                }));
            }
            for (Future<?> client : done) {
                client.get();
            }
        } finally {
            clients.shutdownNow();
        }
    }

    private void closeOne(int number) throws IOException {
        try (Socket socket = open(number)) {
            socket.getOutputStream().write(new byte[] {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 0x03, (byte) 0xe8});
            // The server's close frame, and then the end: it has closed first.
            new DataInputStream(socket.getInputStream()).readFully(new byte[4]);
            if (socket.getInputStream().read() >= 0) {
                throw new IOException("something behind the close frame");
            }
        }
    }

    /** From several addresses, as one has too few ports. */
    private Socket open(int number) throws IOException {
        var socket = new Socket();
        socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0." + (2 + number % SOURCES)), 0));
        socket.connect(new InetSocketAddress("127.0.0.1", node.httpPort()));
        socket.setTcpNoDelay(true);
        socket.getOutputStream()
                .write(
                        ("GET /sockets/annotated HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: "
                                        + cookies.get(number % SESSIONS) + "\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
        var in = socket.getInputStream();
        var head = new StringBuilder();
        while (head.length() < 4 || head.indexOf("\r\n\r\n") < 0) {
            int read = in.read();
            if (read < 0) {
                throw new IOException("no upgrade: " + head);
            }
            head.append((char) read);
        }
        if (!head.toString().startsWith("HTTP/1.1 101")) {
            throw new IOException(head.toString());
        }
        return socket;
    }

    private long number(String message) throws Exception {
        return Long.parseLong(ask(message).body());
    }

    private HttpResponse<String> ask(String message) throws IOException, InterruptedException {
        URI uri = node.http("/sockets/say?m=" + URLEncoder.encode(message, StandardCharsets.UTF_8));
        HttpResponse<String> response = http.send(
                HttpRequest.newBuilder(uri).timeout(START_LIMIT).build(), HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(message + ": " + response.statusCode());
        }
        return response;
    }
}
