package sockets;

import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.util.Map;

/**
 * Upgrades by {@code ServerContainer.upgradeHttpToWebSocket}, as Spring does; {@code /wrapped} behind {@link Wrapping},
 * and {@code /late} when it is let.
 */
@WebServlet({"/upgraded", "/wrapped", "/late"})
public class UpgradeServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    // HTTP/2 upgrades by CONNECT (RFC 8441), for which there is no doConnect.
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        ServerContainer container = (ServerContainer) getServletContext().getAttribute(ServerContainer.class.getName());
        if (request.getServletPath().equals("/late")) {
            Latecomers.join();
        }
        try {
            container.upgradeHttpToWebSocket(
                    request,
                    response,
                    ServerEndpointConfig.Builder.create(Endpoints.Programmatic.class, "/upgraded")
                            .build(),
                    Map.of());
        } catch (DeploymentException refused) {
            throw new ServletException(refused);
        }
    }
}
