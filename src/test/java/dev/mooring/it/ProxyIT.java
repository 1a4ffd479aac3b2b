package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.mooring.nodes.Ports;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The templates of the README for balancers, with nothing but the ports changed, before two nodes. Skipped where a
 * balancer is missing.
 */
class ProxyIT {
    private static final Path WORK = Path.of(System.getProperty("mooring.work"), "proxies");

    private static NodeCluster cluster;

    /** A balancer that distributions have under this name. */
    enum Balancer {
        HAPROXY("haproxy.cfg", "-f"),
        NGINX("nginx.conf", "-c");

        private final String template;
        private final String option;

        Balancer(String template, String option) {
            this.template = template;
            this.option = option;
        }

        Process start(int port) throws IOException {
            Path config = Files.createDirectories(WORK).resolve(template);
            Path source = Path.of(System.getProperty("mooring.basedir"), "src", "proxies", template);
            Files.writeString(
                    config,
                    Files.readString(source)
                            .replace("127.0.0.1:8000", "127.0.0.1:" + port)
                            .replace(
                                    "127.0.0.1:8080",
                                    "127.0.0.1:" + cluster.node(0).httpPort())
                            .replace(
                                    "127.0.0.1:8081",
                                    "127.0.0.1:" + cluster.node(1).httpPort())
                            .replace("pid nginx.pid", "pid " + WORK.resolve("nginx.pid")));
            return new ProcessBuilder(program().toString(), option, config.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(WORK.resolve(template + ".log").toFile())
                    .start();
        }

        Path program() {
            return Path.of("/usr/sbin", name().toLowerCase(Locale.ROOT));
        }
    }

    @BeforeAll
    static void startNodes() {
        Path war = Path.of(System.getProperty("mooring.wars"), "sockets.war");
        cluster = NodeCluster.start(
                "proxies",
                2,
                Mode.MEMBERS,
                base -> base.modules("http", "ee10-deploy", "ee10-websocket-jakarta", "demo-realm")
                        .property("jetty.session.websocket.sameOrigin", "true")
                        .war("sockets", war));
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .passes(List.of("/sockets"));
    }

    @ParameterizedTest
    @EnumSource
    void spreadsRequestsAndSocketsOfOneSessionOverBothNodes(Balancer balancer) throws Exception {
        assumeThat(balancer.program()).as("%s is installed", balancer).exists();
        int port = Ports.free();
        Process process = balancer.start(port);
        try {
            Browser ada = cluster.newBrowser();
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> says(ada, port, "open").length() > 8);
            URI uri = URI.create("ws://127.0.0.1:" + port + "/sockets/annotated");
            var nodes = new TreeSet<String>();
            var sockets = List.of(ada.opens(uri), ada.opens(uri));
            for (int round = 0; round < 20; round++) {
                assertThat(says(ada, port, "set word " + round)).isEqualTo("ok");
                for (Socket socket : sockets) {
                    assertThat(socket.asks("get word")).isEqualTo("" + round);
                }
                assertThat(sockets.get(round % 2).asks("set back " + round)).isEqualTo("ok");
                assertThat(says(ada, port, "get back")).isEqualTo("" + round);
                nodes.add(says(ada, port, "node"));
            }
            assertThat(nodes).containsExactly("node-0", "node-1");

            String cookie = "Cookie: JSESSIONID=" + ada.sessionCookie(uri);
            assertThat(Handshake.ask(uri, cookie, "Origin: http://127.0.0.1:" + port)
                            .status())
                    .isEqualTo(101);
            assertThat(Handshake.ask(uri, cookie, "Origin: http://evil.example").status())
                    .isEqualTo(403);

            says(ada, port, "invalidate");
            assertThat(sockets)
                    .allSatisfy(socket -> assertThat(socket.close(Duration.ofSeconds(10)))
                            .hasValueSatisfying(
                                    close -> assertThat(close.code()).isEqualTo(1008)));
        } finally {
            process.destroy();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static String says(Browser browser, int port, String message) {
        var response = browser.gets(URI.create(
                "http://127.0.0.1:" + port + "/sockets/say?m=" + URLEncoder.encode(message, StandardCharsets.UTF_8)));
        assertThat(response.statusCode()).as("%s by port %s", message, port).isEqualTo(200);
        return response.body();
    }
}
