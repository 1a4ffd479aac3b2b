package sockets;

import jakarta.servlet.ServletContext;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServerContainer;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServlet;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServletFactory;

/** Jetty's own API as environment ee10 names it. */
final class Ee10 {
    private Ee10() {}

    /** Adds an endpoint by the container, and one by a servlet, also behind {@link Wrapping}. */
    static void addTo(ServletContext context) {
        JettyWebSocketServerContainer.getContainer(context)
                .addMapping("/container", (request, response) -> new JettySocket(request.getSession()));
        context.addServlet("jetty", new Servlet()).addMapping("/jettyservlet", "/jettywrapped");
    }

    private static final class Servlet extends JettyWebSocketServlet {
        private static final long serialVersionUID = 1L;

        @Override
        protected void configure(JettyWebSocketServletFactory factory) {
            factory.setCreator((request, response) -> new JettySocket(request.getSession()));
        }
    }
}
