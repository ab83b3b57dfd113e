"""The models of tests/exchange.rs in PyTorch's words."""
import torch

LENGTHS, STEPS, INPUTS, HIDDEN = [7, 3, 9], 9, 2, 6


class Models(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = torch.nn.GRU(INPUTS, HIDDEN, num_layers=2, bidirectional=True)
        self.lstm = torch.nn.LSTM(INPUTS, HIDDEN, proj_size=4)
        self.gru_head = torch.nn.Linear(2 * HIDDEN, 1)
        self.lstm_head = torch.nn.Linear(4, 1)

    def forward(self, x):
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
        outputs = []
        for layer, head in [(self.gru, self.gru_head), (self.lstm, self.lstm_head)]:
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(layer(packed)[0], total_length=STEPS)
            outputs.append(head(y))
        return outputs
