package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mooring.it.Socket.Close;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An application with Spring Security, as in its guide, on two nodes: who logs in on one is logged in on the other, and out. */
@ParameterizedClass
@EnumSource(names = {"MEMBERS", "CLIENTS"})
class SpringSecurityIT {
    private static NodeCluster cluster;

    @Parameter
    Mode mode;

    @BeforeParameterizedClassInvocation
    static void startNodes(Mode mode) {
        Path war = Path.of(System.getProperty("mooring.wars"), "spring.war");
        cluster = NodeCluster.start("spring-security", 2, mode, base -> {
            base.modules("http")
                    .property("jetty.session.attributeFilter", StrictFilter.of("spring.**;org.springframework.**"));
            for (String environment : LiveWar.ENVIRONMENTS) {
                base.modules(environment + "-deploy", environment + "-websocket-jakarta")
                        .war("spring-" + environment, war)
                        .environment("spring-" + environment, environment);
            }
        });
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        LogCheck.of(cluster).passes(List.of("/spring-ee10", "/spring-ee11"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ee10", "ee11"})
    void aLoginIsKnownOnBothNodesAndALogoutEndsTheSessionOnBoth(String environment) {
        Browser ada = cluster.newBrowser();
        ada.gets(on(0, environment, "/open"));
        assertThat(ada.gets(on(1, environment, "/who")).statusCode()).isEqualTo(302);
        try (Socket here = ada.opens(socketOn(0, environment));
                Socket there = ada.opens(socketOn(1, environment))) {
            assertThat(there.asks("who")).isEqualTo("nobody");
            String before = there.asks("id");

            var login = ada.posts(on(0, environment, "/login"), "username=ada&password=lovelace");

            assertThat(login.statusCode()).isEqualTo(302);
            assertThat(login.headers().firstValue("Location"))
                    .hasValueSatisfying(to -> assertThat(to).doesNotContain("error"));
            assertThat(there.asks("thread")).isEqualTo("ada");
            assertThat(there.asks("id")).isNotEqualTo(before).isEqualTo(here.asks("id"));
            for (int node = 0; node < 2; node++) {
                assertThat(ada.gets(on(node, environment, "/who")).body()).isEqualTo("ada");
            }

            ada.posts(on(1, environment, "/logout"), "");

            assertClosed(here);
            assertClosed(there);
            for (int node = 0; node < 2; node++) {
                assertThat(ada.gets(on(node, environment, "/who")).statusCode()).isEqualTo(302);
            }
        }
    }

    private static void assertClosed(Socket socket) {
        Close close = socket.close(Duration.ofSeconds(5)).orElseThrow(() -> new AssertionError(socket + " is open"));
        assertThat(close.code()).isEqualTo(1008);
    }

    private static URI on(int node, String environment, String path) {
        return cluster.node(node).http("/spring-" + environment + path);
    }

    private static URI socketOn(int node, String environment) {
        return cluster.node(node).ws("/spring-" + environment + "/talk");
    }
}
