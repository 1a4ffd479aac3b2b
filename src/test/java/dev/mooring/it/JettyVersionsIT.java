package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.it.LineClient.Carrier;
import dev.mooring.it.LineClient.Line;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One cluster of the newest Jetty 12.1 and of the one that the module is built against; the latter runs on Java modules
 * ({@code --jpms}), where Jetty's own WebSocket API does not work, also without this module, so that only the Jakarta
 * API is used here.
 */
class JettyVersionsIT {
    private static final Duration PROMPT = Duration.ofSeconds(20);
    private static final int NEWEST = 0;
    private static final int MODULAR = 1;

    private static NodeCluster cluster;

    @BeforeAll
    static void startNodes() {
        var number = new AtomicInteger();
        cluster = LiveWar.onNodes("jetty-versions", 2, Mode.MEMBERS, base -> {
            if (number.getAndIncrement() == NEWEST) {
                base.home(Path.of(System.getProperty("mooring.jettyHome.newest")))
                        .modules("http2c", "demo-realm");
                for (String environment : LiveWar.ENVIRONMENTS) {
                    base.modules(environment + "-websocket-jetty")
                            .war("sockets-" + environment, Path.of(System.getProperty("mooring.wars"), "sockets.war"))
                            .environment("sockets-" + environment, environment);
                }
            } else {
                base.startOptions("--jpms");
            }
        });
    }

    @AfterAll
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs()
                .expecting("demo-realm|HashLoginService", "Jetty's realm for demonstrations says so")
                .passes(List.of("/live-ee10", "/live-ee11"));
        assertThat(cluster.node(NEWEST).log())
                .anyMatch(line -> line.contains("oejs.Server:main: jetty-"
                        + Path.of(System.getProperty("mooring.jettyHome.newest"))
                                .getFileName()
                                .toString()
                                .substring("jetty-home-".length())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ee10", "ee11"})
    void sessionsAndSocketsAreLiveOnBoth(String environment) {
        var newest = new LiveWar(cluster.node(NEWEST), environment);
        var modular = new LiveWar(cluster.node(MODULAR), environment);
        for (Way way : Way.values()) {
            Browser ada = cluster.newBrowser();
            ada.says(newest, "open");
            Socket here = ada.opens(newest, way);
            Socket there = ada.opens(modular, way);

            for (int round = 0; round < 5; round++) {
                ada.says(modular, "set word http" + round);
                assertThat(here.asks("get word")).isEqualTo("http" + round);
                here.asks("set word here" + round);
                assertThat(there.asks("get word")).isEqualTo("here" + round);
                there.asks("set word there" + round);
                assertThat(ada.says(newest, "get word")).isEqualTo("there" + round);
            }
            ada.says(newest, "invalidate");

            for (Socket socket : List.of(here, there)) {
                assertThat(socket.close(PROMPT)).hasValueSatisfying(close -> {
                    assertThat(close.code()).isEqualTo(1008);
                    assertThat(close.reason()).isEqualTo("session invalidated");
                });
            }
        }
    }

    /** Binding one of these rests on a private field of Jetty's. */
    @ParameterizedTest
    @CsvSource({
        "ee10, jettyservlet, HTTP_1",
        "ee10, jettyservlet, HTTP_2",
        "ee10, container, DEFLATE",
        "ee11, jettyservlet, HTTP_1",
        "ee11, jettyservlet, HTTP_2",
        "ee11, container, DEFLATE",
    })
    void jettysOwnApiIsBoundOnTheNewest(String environment, String path, Carrier carrier) throws Exception {
        Browser ada = cluster.newBrowser();
        String say = "/sockets-" + environment + "/say?m=";
        ada.gets(cluster.node(NEWEST).http(say + "open"));
        URI uri = cluster.node(NEWEST).ws("/sockets-" + environment + "/" + path);
        try (var client = new LineClient()) {
            Line line = client.opens(uri, carrier, "JSESSIONID=" + ada.sessionCookie(uri));
            assertThat(line.asks("set word one")).isEqualTo("ok");
            assertThat(ada.gets(cluster.node(NEWEST).http(say + "get%20word")).body())
                    .isEqualTo("one");

            ada.gets(cluster.node(NEWEST).http(say + "invalidate"));

            assertThat(line.closed(PROMPT)).hasValueSatisfying(close -> {
                assertThat(close.code()).isEqualTo(1008);
                assertThat(close.reason()).isEqualTo("session invalidated");
            });
        }
    }
}
