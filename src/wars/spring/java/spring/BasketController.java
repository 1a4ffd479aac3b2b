package spring;

import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Map;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.simp.SimpMessageHeaderAccessor;
import org.springframework.messaging.simp.annotation.SendToUser;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.socket.server.support.HttpSessionHandshakeInterceptor;

/**
 * The basket by HTTP, where it is the session-scoped bean, and by STOMP, where it is what the session of the handshake
 * says.
 */
@Controller
public class BasketController {
    /** Under which name Spring keeps the bean in the session. */
    private static final String BEAN = "scopedTarget.basket";

    private final Basket basket;

    /** Gets the proxy that finds the bean of the current request's session. */
    public BasketController(Basket basket) {
        this.basket = basket;
    }

    /**
     * Answers what is in the basket, after it has put something in. Spring sets the bean again when the request is
     * done: written like this the answer leaves after that, while a returned body would be flushed before.
     */
    @GetMapping("/basket")
    public void http(@RequestParam(required = false) String add, HttpServletResponse response) throws IOException {
        if (add != null) {
            basket.add(add);
        }
        response.getWriter().print(basket.items());
    }

    /** Answers by which session, by what kind of WebSocket, and what was in the basket at the handshake. */
    @MessageMapping("/who")
    @SendToUser(destinations = "/queue/answers", broadcast = false)
    public String who(SimpMessageHeaderAccessor message) {
        Map<String, Object> copied = message.getSessionAttributes();
        return copied.get(HttpSessionHandshakeInterceptor.HTTP_SESSION_ID_ATTR_NAME) + " " + copied.get(Stomp.KIND)
                + " " + message.getUser().getName();
    }

    /** Answers what is in the basket now. */
    @MessageMapping("/basket")
    @SendToUser(destinations = "/queue/answers", broadcast = false)
    public String read(SimpMessageHeaderAccessor message) {
        return bean(message).items().toString();
    }

    /** Puts something in, and says so to the session, since this thread works for no request. */
    @MessageMapping("/add")
    @SendToUser(destinations = "/queue/answers", broadcast = false)
    public String add(@Payload String item, SimpMessageHeaderAccessor message) {
        Basket bean = bean(message);
        bean.add(item);
        session(message).setAttribute(BEAN, bean);
        return bean.items().toString();
    }

    private static Basket bean(SimpMessageHeaderAccessor message) {
        return (Basket) session(message).getAttribute(BEAN);
    }

    private static HttpSession session(SimpMessageHeaderAccessor message) {
        return (HttpSession) message.getSessionAttributes().get(Stomp.SESSION);
    }
}
