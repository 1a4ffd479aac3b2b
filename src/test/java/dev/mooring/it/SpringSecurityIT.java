package dev.mooring.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An application with Spring Security and STOMP, as in their guides, on two nodes: who logs in on one is logged in on
 * the other, and out; and the basket that a session has by HTTP is the one it has by STOMP.
 */
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
                base.modules(
                                environment + "-deploy",
                                environment + "-websocket-jakarta",
                                environment + "-websocket-jetty")
                        .war("spring-" + environment, war)
                        .environment("spring-" + environment, environment);
            }
        });
    }

    @AfterParameterizedClassInvocation
    static void stopNodesAndReadTheirLogs() {
        cluster.close();
        cluster.logs().passes(List.of("/spring-ee10", "/spring-ee11"));
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

            Ends.invalidated(here);
            Ends.invalidated(there);
            for (int node = 0; node < 2; node++) {
                assertThat(ada.gets(on(node, environment, "/who")).statusCode()).isEqualTo(302);
            }
        }
    }

    /** Spring 6.2 knows Jetty's own WebSocket API as ee10 names it, and upgrades by the Jakarta API elsewhere. */
    @ParameterizedTest
    @CsvSource({
        "ee10, stomp, JettyWebSocketSession",
        "ee10, standard, StandardWebSocketSession",
        "ee11, stomp, StandardWebSocketSession",
    })
    void aBasketIsTheSameByHttpAndByStompAndALogoutClosesTheSocketOfTheOtherNode(
            String environment, String endpoint, String kind) {
        Browser ada = cluster.newBrowser();
        ada.posts(on(0, environment, "/login"), "username=ada&password=lovelace");
        assertThat(basket(ada, 0, environment, "?add=apple")).isEqualTo("[apple]");
        URI there = cluster.node(1).ws("/spring-" + environment + "/mvc/" + endpoint);
        Socket stomp = ada.opens(there);
        assertThat(stomp.asks("CONNECT\naccept-version:1.2\nhost:here\n\n\0")).startsWith("CONNECTED\n");
        stomp.sends("SUBSCRIBE\nid:0\ndestination:/user/queue/answers\n\n\0");

        assertThat(answer(stomp, "who", "")).isEqualTo(ada.sessionCookie(there) + " " + kind + " ada");
        for (int round = 0; round < 6; round++) {
            String items = answer(stomp, "basket", "");
            String more = items.replace("]", ", pear" + round + "]");
            assertThat(basket(ada, round % 2, environment, "?add=pear" + round)).isEqualTo(more);
            assertThat(answer(stomp, "basket", "")).isEqualTo(more);
            String most = more.replace("]", ", plum" + round + "]");
            assertThat(answer(stomp, "add", "plum" + round)).isEqualTo(most);
            assertThat(basket(ada, round % 2, environment, "")).isEqualTo(most);
        }

        ada.posts(on(0, environment, "/logout"), "");

        Ends.invalidated(stomp);
    }

    private static String basket(Browser browser, int node, String environment, String query) {
        return browser.gets(on(node, environment, "/mvc/basket" + query)).body();
    }

    /** The body of the frame that answers a message to the application. */
    private static String answer(Socket stomp, String destination, String body) {
        String frame = stomp.asks("SEND\ndestination:/app/" + destination + "\n\n" + body + "\0");
        assertThat(frame).startsWith("MESSAGE\n").endsWith("\0");
        return frame.substring(frame.indexOf("\n\n") + 2, frame.length() - 1);
    }

    private static URI on(int node, String environment, String path) {
        return cluster.node(node).http("/spring-" + environment + path);
    }

    private static URI socketOn(int node, String environment) {
        return cluster.node(node).ws("/spring-" + environment + "/talk");
    }
}
